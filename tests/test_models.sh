#!/bin/sh
# The models that come with mnemon: each has a card whose facts the file has, too, loads with right digests, and foretells
# human DNA better than equal chances do; together they are small; names lead to the right file.
# Usage: test_models.sh MNEMON ROOT NAME...
set -eu
mnemon=$1
folder=$2/pipelines/models
human=$2/tests/data/human_SOD1.fa
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset MNEMON_MODELS
fail() { echo "$*" >&2; exit 1; }

# The list is the folder's.
printf '%s\n' "$@" | sort >"$scratch/named"
ls "$folder" | sed -n 's/\.safetensors$//p' | sort >"$scratch/there"
diff "$scratch/named" "$scratch/there"
total=$(cat "$folder"/*.safetensors | wc -c)
[ "$total" -le 10000000 ] || fail "the models have $total bytes together"

"$mnemon" info builtin: | awk '{print $1}' >"$scratch/listed"
diff "$scratch/named" "$scratch/listed"
for name; do
    card=$folder/$name.md
    "$mnemon" info --json "builtin:$name" >"$scratch/info"
    grep -q '"digests": "right"' "$scratch/info" || fail "$name: no right digests"
    # The facts at the card's head are the file's.
    awk '$0 == "---" {marks++; next} marks == 1 {at = index($0, ": "); value = substr($0, at + 2)
         if (value !~ /^[0-9.]+$/) value = "\"" value "\""
         print "\"" substr($0, 1, at - 1) "\": " value}' "$card" >"$scratch/facts"
    [ "$(wc -l <"$scratch/facts")" -ge 6 ] || fail "$name: a card without facts"
    while read -r fact; do grep -qF "$fact" "$scratch/info" || fail "$name: the file does not have $fact"; done <"$scratch/facts"
    for fact in summary trained_on held_out tokens cpu_minutes bits_per_base licence; do
        grep -q "^\"$fact\"" "$scratch/facts" || fail "$name: the card lacks $fact"
    done
    grep -q 'Limits' "$card" && grep -q 'chr20 and chr21 hold test items' "$card" || fail "$name: the card tells no limits"
    bits=$("$mnemon" perplexity --quiet -m "builtin:$name" "$human" | awk '$1 == "total" {print $5}')
    awk -v bits="$bits" 'BEGIN {exit !(bits > 1 && bits < 1.9)}' || fail "$name: $bits bits per base of human DNA"
    echo "$name: $bits bits per base of SOD1"
done

# By name or by path: the same bytes. What is written tells base name and digest, no path.
name=$1
"$mnemon" embed --quiet -m "builtin:$name" "$human" -o "$scratch/a.npy"
"$mnemon" embed --quiet -m "$folder/$name.safetensors" "$human" -o "$scratch/b.npy"
cmp "$scratch/a.npy" "$scratch/b.npy"
cmp "$scratch/a.tsv" "$scratch/b.tsv"
grep -q -- "--model $name.safetensors@xxh3:" "$scratch/a.tsv"

# MNEMON_MODELS replaces the folders: the first that has a name wins, and nothing else is looked in.
mkdir "$scratch/one" "$scratch/two"
cp "$folder/$name.safetensors" "$scratch/two/mine.safetensors"
echo damaged >"$scratch/two/$name.safetensors"
cp "$folder/$name.safetensors" "$scratch/one/$name.safetensors"
MNEMON_MODELS=$scratch/none:$scratch/one:$scratch/two "$mnemon" info builtin: >"$scratch/listed"
[ "$(grep -c parameters "$scratch/listed")" = 2 ] || fail "two folders: $(cat "$scratch/listed")"
if MNEMON_MODELS=$scratch/two:$scratch/one "$mnemon" info "builtin:$name" 2>"$scratch/said"; then fail "the first folder did not win"; fi
if MNEMON_MODELS=$scratch/none "$mnemon" info "builtin:$name" 2>"$scratch/said"; then fail "other folders were looked in"; fi
grep -q 'no built-in models are found (set MNEMON_MODELS' "$scratch/said"
status=0; "$mnemon" info "builtin:x$name" 2>"$scratch/said" || status=$?
[ "$status" = 3 ] && grep -q "no such model; there is .*$name.*(did you mean 'builtin:$name'?)" "$scratch/said"
