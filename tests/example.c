/* example: what a program with mnemon inside looks like. For each record of a sequence file: its tokens; with a model
 * also the most probable class and the norm of the embedding.
 *
 *     cc example.c $(pkg-config --cflags --libs mnemon) -o example && ./example IN.fa [MODEL.safetensors] */
#include <mnemon.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 1 << 20 }; /* bases of a record that this program looks at */

static int fail(const mn_err_t *err) {
    char line[1024];
    fprintf(stderr, "example: %s\n", mn_err_line(err, line, sizeof line));
    return err->status;
}

/* Prints what the model says of one sequence. */
static mn_status_t show(mn_net_t *net, const char *bases, int64_t n, mn_err_t *err) {
    mn_net_facts_t facts = {.size = sizeof facts};
    mn_net_describe(net, &facts);
    float *numbers = calloc((size_t)(facts.dim + facts.classes), sizeof *numbers);
    if (!numbers) return mn_err_set(err, MN_FAILED, NULL, NULL, "out of memory");
    float *embedding = numbers, *probabilities = numbers + facts.dim;
    mn_status_t status = mn_net_embed(net, &bases, &n, 1, NULL, embedding, err);
    if (!status && facts.classes) status = mn_net_predict(net, &bases, &n, 1, NULL, probabilities, err);
    if (!status) {
        double squares = 0;
        int64_t call = 0;
        for (int64_t i = 0; i < facts.dim; i++) squares += (double)embedding[i] * (double)embedding[i];
        for (int64_t i = 1; i < facts.classes; i++)
            if (probabilities[i] > probabilities[call]) call = i;
        printf("\tembedding^2 %.6g", squares);
        if (facts.classes) printf("\t%s %.6f", facts.labels[call], (double)probabilities[call]);
    }
    free(numbers);
    return status;
}

int main(int argc, char **argv) {
    static char bases[LONGEST];
    static int32_t ids[LONGEST + 1];
    mn_err_t err;
    mn_reader_t *reader;
    mn_net_t *net = NULL;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s IN.fa [MODEL.safetensors]\n", argv[0]);
        return MN_USAGE;
    }
    if (mn_reader_open(argv[1], NULL, &reader, &err)) return fail(&err);
    mn_status_t status = argc == 3 ? mn_net_load(argv[2], &net, &err) : MN_OK;
    const char *name;
    while (!status && !(status = mn_reader_next(reader, &name, &err)) && name) {
        int64_t n, tokens;
        status = mn_reader_read(reader, bases, LONGEST, &n, &err);
        if (!status) status = mn_tokenize("nucleotide", bases, n, ids, &tokens, &err);
        if (status) break;
        printf("%s\t%lld tokens", name, (long long)tokens);
        if (net && n) status = show(net, bases, n, &err);
        putchar('\n');
    }
    mn_net_free(net);
    mn_reader_close(reader);
    return status ? fail(&err) : 0;
}
