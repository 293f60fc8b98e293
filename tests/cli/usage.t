$ mnemon
! mnemon VERSION: genomic sequence models with Titans neural memory
! 
! Usage: mnemon COMMAND [options] ...
! 
! Data
!   tokenize           sequence files to one array of token ids, and back
!   dataset build      a labelled set from intervals or genes and their genomes
!   dataset split      a labelled set with another split: by hash or chromosome, clean, matched, folds
!   dataset stats      rows, lengths, GC and N of a labelled set, by split and class
!   dataset audit      what a labelled set gives away without a model, and where its split leaks
! 
! Train
!   pretrain           train a model to tell the next base of genomes
!   finetune           train a classifier of sequences, from pretrained weights or from scratch
! 
! Use
!   baseline           what a model has to beat: majority, length, k-mers, gapped words; Markov models of DNA
!   predict            class probabilities of records, reads, regions or windows
!   embed              a model's hidden rows as a NumPy array
!   evaluate           metrics of a fine-tuned model on labelled sequences, with 95 % intervals
!   perplexity         bits per base of records of any length, and along their contigs
!   merge              results of --shard as one, byte for byte what a run without it gives
! 
! Inspect
!   info               what a file is and holds
!   doctor             what mnemon found on this machine and chose: kernels, BLAS, threads, memory, space, models
!   benchmark          speed on this machine, and what the memory is good for
!   benchmark genomic  train, test and audit on labelled sets, beside what needs no model; TSV, JSON, HTML
!   help               help for all commands or one
! 
! 'mnemon COMMAND --help' tells all of a command, 'mnemon --version' the version.
[2]

$ mnemon --version
mnemon VERSION
Using ...

$ mnemon help
mnemon VERSION: genomic sequence models with Titans neural memory

Usage: mnemon COMMAND [options] ...

Data
  tokenize           sequence files to one array of token ids, and back
  dataset build      a labelled set from intervals or genes and their genomes
  dataset split      a labelled set with another split: by hash or chromosome, clean, matched, folds
  dataset stats      rows, lengths, GC and N of a labelled set, by split and class
  dataset audit      what a labelled set gives away without a model, and where its split leaks

Train
  pretrain           train a model to tell the next base of genomes
  finetune           train a classifier of sequences, from pretrained weights or from scratch

Use
  baseline           what a model has to beat: majority, length, k-mers, gapped words; Markov models of DNA
  predict            class probabilities of records, reads, regions or windows
  embed              a model's hidden rows as a NumPy array
  evaluate           metrics of a fine-tuned model on labelled sequences, with 95 % intervals
  perplexity         bits per base of records of any length, and along their contigs
  merge              results of --shard as one, byte for byte what a run without it gives

Inspect
  info               what a file is and holds
  doctor             what mnemon found on this machine and chose: kernels, BLAS, threads, memory, space, models
  benchmark          speed on this machine, and what the memory is good for
  benchmark genomic  train, test and audit on labelled sets, beside what needs no model; TSV, JSON, HTML
  help               help for all commands or one

'mnemon COMMAND --help' tells all of a command, 'mnemon --version' the version.

$ mnemon hlep
! mnemon: unknown command 'hlep' (did you mean 'help'?)
[2]

$ mnemon xyzzy
! mnemon: unknown command 'xyzzy' (see 'mnemon help')
[2]

$ # names of two words

$ mnemon dataset
! mnemon: 'dataset' wants a second word (one of build, split, stats, audit)
[2]

$ mnemon dataset biuld
! mnemon: unknown command 'dataset biuld' (did you mean 'dataset build'?)
[2]

$ mnemon dateset build
! mnemon: unknown command 'dateset' (did you mean 'dataset'?)
[2]

$ mnemon dataset --help | head -n 1
Usage: mnemon dataset COMMAND [options] ...

$ mnemon help dataset | grep build
  dataset build      a labelled set from intervals or genes and their genomes

$ mnemon help dataset build | head -n 1
mnemon dataset build: a labelled set from intervals or genes and their genomes

$ mnemon dataset build --help | head -n 1
mnemon dataset build: a labelled set from intervals or genes and their genomes

$ mnemon help dataset build more
! mnemon help: unexpected argument 'more' (usage: mnemon help [options] [COMMAND])
[2]

$ mnemon dataset build --outpt x
! mnemon dataset build: unknown option '--outpt' (did you mean '--output'?)
[2]

$ mnemon help nothing
! mnemon help: unknown command 'nothing' (see 'mnemon help')
[2]

$ mnemon help help
mnemon help: help for all commands or one

Usage: mnemon help [options] [COMMAND]

Options
      --man                   print the man page (mnemon.1)
      --completions none|bash|zsh|fish
                              print a shell's completion script [none]

General
  -t, -@, --threads N         threads in all; 0: as many as this process may use [0]
      --cpu auto|plain|avx2|avx512
                              highest instruction set to use [auto]
      --seed N                seed of all random numbers [1]
      --verbosity error|warning|info|debug
                              what to say on stderr [info]
      --quiet                 say nothing but errors
  -h, --help                  show this help

EXAMPLES
  mnemon help pretrain
  mnemon help dataset build
  mnemon help --man | man -l -
  source <(mnemon help --completions bash)

$ # options: unknown, near, values missing and wrong

$ mnemon help --copletions bash
! mnemon help: unknown option '--copletions' (did you mean '--completions'?)
[2]

$ mnemon help --nothing-like-it
! mnemon help: unknown option '--nothing-like-it' (see 'mnemon help --help')
[2]

$ mnemon help -x
! mnemon help: unknown option '-x' (see 'mnemon help --help')
[2]

$ mnemon help --completions bsah
! mnemon help: --completions: expected none|bash|zsh|fish, got 'bsah' (did you mean 'bash'?)
[2]

$ mnemon help --completions
! mnemon help: --completions: a value is missing
[2]

$ mnemon help --man=yes
! mnemon help: --man=yes: --man takes no value
[2]

$ mnemon help -t
! mnemon help: -t/--threads: a value is missing
[2]

$ mnemon help -t many
! mnemon help: -t/--threads: expected a whole number from 0 to 1024, got 'many'
[2]

$ mnemon help -t 1.5
! mnemon help: -t/--threads: expected a whole number from 0 to 1024, got '1.5'
[2]

$ mnemon help -t 2k
! mnemon help: -t/--threads: expected a whole number from 0 to 1024, got '2k'
[2]

$ mnemon help --threads=-1
! mnemon help: -t/--threads: expected a whole number from 0 to 1024, got '-1'
[2]

$ mnemon help --seed 9007199254740993
! mnemon help: --seed: expected a whole number from 0 (suffixes k, M, G), got '9007199254740993'
[2]

$ mnemon help --seed 10000000000G
! mnemon help: --seed: expected a whole number from 0 (suffixes k, M, G), got '10000000000G'
[2]

$ mnemon help --seed 0x10
! mnemon help: --seed: expected a whole number from 0 (suffixes k, M, G), got '0x10'
[2]

$ mnemon help --seed ''
! mnemon help: --seed: expected a whole number from 0 (suffixes k, M, G), got ''
[2]

$ mnemon help help more
! mnemon help: unexpected argument 'more' (see 'mnemon help')
[2]

$ # joined letters, values joined to letters, and the end of options

$ mnemon help -@2 -h | head -n 1
mnemon help: help for all commands or one

$ mnemon help -- --man
! mnemon help: unknown command '--man' (see 'mnemon help')
[2]

$ # stdout: full, closed, and a reader that left

$ mnemon help >/dev/full
! mnemon help: stdout: No space left on device
[5]

$ mnemon help >&-
! mnemon help: stdout: Bad file descriptor
[5]

$ (sleep 0.2; mnemon help; echo "code $?" >&2) | true
! code 141

$ mnemon --version >/dev/full
! mnemon: stdout: No space left on device
[5]

$ # what is made from the tables

$ mnemon help --man | head -n 3
.TH MNEMON 1 "" "mnemon VERSION" "User Commands"
.SH NAME
mnemon \- genomic sequence models with Titans neural memory

$ mnemon help --completions bash | bash -n

$ mnemon help --completions bash >bash.completion

$ bash -c '. ./bash.completion; COMP_WORDS=(mnemon dataset ""); COMP_CWORD=2; _mnemon; echo "${COMPREPLY[@]}" | grep -o build'
build

$ bash -c '. ./bash.completion; COMP_WORDS=(mnemon dataset build --skip); COMP_CWORD=3; _mnemon; echo "${COMPREPLY[@]}"'
--skip-missing

$ # what was found and chosen: a line each; what is amiss on stderr

$ mnemon doctor --cpu plain 2>/dev/null | cut -d ' ' -f 1 | uniq; OPENBLAS_CORETYPE=Haswell mnemon doctor --cpu plain 2>&1 >/dev/null | grep CORE; TMPDIR=/nowhere mnemon doctor 2>&1 >/dev/null | grep nowhere; MNEMON_MODELS=/nowhere mnemon doctor 2>&1 >/dev/null | grep built-in; mnemon doctor --quiet --cpu plain | grep -c kernels
mnemon
htslib
kernels
BLAS
threads
memory
free
model
mnemon doctor: warning: OPENBLAS_CORETYPE is set, which can halve the speed of OpenBLAS (unset it)
mnemon doctor: warning: no folder /nowhere
mnemon doctor: warning: no built-in models are found (set MNEMON_MODELS to the folder that holds them)
1
