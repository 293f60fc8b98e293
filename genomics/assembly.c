/* assembly: a table of chromosome lengths. Source: the assembly reports of NCBI and the chrom.sizes files of UCSC. The
 * mitochondrion is left out: assemblies share it, or UCSC's differs from the one of its own assembly (hg19). */
#include "genomics/assembly.h"
#include <ctype.h>
#include <string.h>

enum { ALIASES = 3, CHROMOSOMES = 24 };

typedef struct chromosome {
    const char *name;
    int64_t length;
} chromosome_t;

struct mn_assembly {
    const char *name, *aliases[ALIASES];
    chromosome_t chromosomes[CHROMOSOMES]; /* at least a few; the rest is zero */
};

static const mn_assembly_t assemblies[] = {
    {"GRCh38",
     {"hg38", "hs38"},
     {{"1", 248956422},  {"2", 242193529},  {"3", 198295559},  {"4", 190214555},  {"5", 181538259},  {"6", 170805979},
      {"7", 159345973},  {"8", 145138636},  {"9", 138394717},  {"10", 133797422}, {"11", 135086622}, {"12", 133275309},
      {"13", 114364328}, {"14", 107043718}, {"15", 101991189}, {"16", 90338345},  {"17", 83257441},  {"18", 80373285},
      {"19", 58617616},  {"20", 64444167},  {"21", 46709983},  {"22", 50818468},  {"X", 156040895},  {"Y", 57227415}}},
    {"GRCh37",
     {"hg19", "hs37", "b37"},
     {{"1", 249250621},  {"2", 243199373},  {"3", 198022430},  {"4", 191154276},  {"5", 180915260},  {"6", 171115067},
      {"7", 159138663},  {"8", 146364022},  {"9", 141213431},  {"10", 135534747}, {"11", 135006516}, {"12", 133851895},
      {"13", 115169878}, {"14", 107349540}, {"15", 102531392}, {"16", 90354753},  {"17", 81195210},  {"18", 78077248},
      {"19", 59128983},  {"20", 63025520},  {"21", 48129895},  {"22", 51304566},  {"X", 155270560},  {"Y", 59373566}}},
    {"NCBI36", {"hg18"}, {{"1", 247249719},  {"2", 242951149},  {"3", 199501827},  {"4", 191273063},  {"5", 180857866},
                          {"6", 170899992},  {"7", 158821424},  {"8", 146274826},  {"9", 140273252},  {"10", 135374737},
                          {"11", 134452384}, {"12", 132349534}, {"13", 114142980}, {"14", 106368585}, {"15", 100338915},
                          {"16", 88827254},  {"17", 78774742},  {"18", 76117153},  {"19", 63811651},  {"20", 62435964},
                          {"21", 46944323},  {"22", 49691432},  {"X", 154913754}}},
    {"T2T-CHM13v2.0",
     {"CHM13", "hs1"},
     {{"1", 248387328},  {"2", 242696752},  {"3", 201105948}, {"4", 193574945},  {"5", 182045439},  {"6", 172126628},
      {"7", 160567428},  {"8", 146259331},  {"9", 150617247}, {"10", 134758134}, {"11", 135127769}, {"12", 133324548},
      {"13", 113566686}, {"14", 101161492}, {"15", 99753195}, {"16", 96330374},  {"17", 84276897},  {"18", 80542538},
      {"19", 61707364},  {"20", 66210255},  {"21", 45090682}, {"22", 51324926},  {"X", 154259566},  {"Y", 62460029}}},
    {"GRCm38", {"mm10"}, {{"1", 195471971},  {"2", 182113224},  {"3", 160039680},  {"4", 156508116},  {"5", 151834684},
                          {"6", 149736546},  {"7", 145441459},  {"8", 129401213},  {"9", 124595110},  {"10", 130694993},
                          {"11", 122082543}, {"12", 120129022}, {"13", 120421639}, {"14", 124902244}, {"15", 104043685},
                          {"16", 98207768},  {"17", 94987271},  {"18", 90702639},  {"19", 61431566},  {"X", 171031299},
                          {"Y", 91744698}}},
    {"GRCm39", {"mm39"}, {{"1", 195154279},  {"2", 181755017},  {"3", 159745316},  {"4", 156860686},  {"5", 151758149},
                          {"6", 149588044},  {"7", 144995196},  {"8", 130127694},  {"9", 124359700},  {"10", 130530862},
                          {"11", 121973369}, {"12", 120092757}, {"13", 120883175}, {"14", 125139656}, {"15", 104073951},
                          {"16", 98008968},  {"17", 95294699},  {"18", 90720763},  {"19", 61420004},  {"X", 169476592},
                          {"Y", 91455967}}},
    {"NCBIM37", {"mm9"}, {{"1", 197195432},  {"2", 181748087},  {"3", 159599783},  {"4", 155630120},  {"5", 152537259},
                          {"6", 149517037},  {"7", 152524553},  {"8", 131738871},  {"9", 124076172},  {"10", 129993255},
                          {"11", 121843856}, {"12", 121257530}, {"13", 120284312}, {"14", 125194864}, {"15", 103494974},
                          {"16", 98319150},  {"17", 95272651},  {"18", 90772031},  {"19", 61342430},  {"X", 166650296},
                          {"Y", 15902555}}},
    {"BDGP6",
     {"dm6"},
     {{"2L", 23513712},
      {"2R", 25286936},
      {"3L", 28110227},
      {"3R", 32079331},
      {"4", 1348131},
      {"X", 23542271},
      {"Y", 3667352}}},
    {"BDGP5",
     {"dm3"},
     {{"2L", 23011544}, {"2R", 21146708}, {"3L", 24543557}, {"3R", 27905053}, {"4", 1351857}, {"X", 22422827}}},
    {"WBcel235",
     {"ce11"},
     {{"I", 15072434}, {"II", 15279421}, {"III", 13783801}, {"IV", 17493829}, {"V", 20924180}, {"X", 17718942}}},
    {"R64",
     {"sacCer3"},
     {{"I", 230218},
      {"II", 813184},
      {"III", 316620},
      {"IV", 1531933},
      {"IX", 439888},
      {"X", 745751},
      {"XIII", 924431}}},
    {"TAIR10", {"TAIR9"}, {{"1", 30427671}, {"2", 19698289}, {"3", 23459830}, {"4", 18585056}, {"5", 26975502}}},
};
enum { ASSEMBLIES = sizeof assemblies / sizeof *assemblies };

/* Whether name stands in text as a word of its own; a version may follow it (BDGP6.28, GRCh38.p13, GRCh38_full). */
static bool speaks_of(const char *text, const char *name) {
    if (!name) return false;
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at++)
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length])) return true;
    return false;
}

const mn_assembly_t *mn_assembly_named(const char *text) {
    for (int i = 0; i < ASSEMBLIES; i++) {
        bool found = speaks_of(text, assemblies[i].name);
        for (int j = 0; j < ALIASES; j++) found |= speaks_of(text, assemblies[i].aliases[j]);
        if (found) return &assemblies[i];
    }
    return NULL;
}

const mn_assembly_t *mn_assembly_of(const mn_contigs_t *contigs) {
    for (int i = 0; i < ASSEMBLIES; i++) {
        int64_t same = 0, other = 0;
        for (int64_t c = 0; c < contigs->n && !other; c++) {
            int64_t length = mn_assembly_length(&assemblies[i], contigs->name(contigs->ctx, c));
            if (length < 0) continue;
            same += length == contigs->length(contigs->ctx, c);
            other += length != contigs->length(contigs->ctx, c);
        }
        if (same && !other) return &assemblies[i];
    }
    return NULL;
}

const char *mn_assembly_name(const mn_assembly_t *assembly) {
    return assembly->name;
}

int64_t mn_assembly_length(const mn_assembly_t *assembly, const char *contig) {
    if (!strncmp(contig, "chr", 3)) contig += 3;
    for (int i = 0; i < CHROMOSOMES && assembly->chromosomes[i].name; i++)
        if (!strcmp(contig, assembly->chromosomes[i].name)) return assembly->chromosomes[i].length;
    return -1;
}
