/* MinHash bins of texts: the smallest shingle hash of each of 256 bins.

   The same arithmetic as trueline/curate/sketch.py, which runs instead where this file could
   not be compiled; a test holds the two against each other. Called through ctypes. */

#include <stdint.h>
#include <stdlib.h>

#define BINS 256
#define SHINGLE 5
#define SPACE 32u
#define JOINS 0xFFFFFFFFu
#define BASE 0x9E3779B1u
#define PLANES 0x110000u

static uint32_t mixed(uint32_t code) {
    uint32_t spread = code * 0x85EBCA6Bu;
    spread ^= spread >> 15;
    return spread * 0xC2B2AE35u;
}

static void bin(uint32_t hash, uint32_t *minima) {
    hash ^= hash >> 16;
    hash *= 0x7FEB352Du;
    hash ^= hash >> 15;
    hash *= 0x846CA68Bu;
    uint32_t *least = minima + (hash >> 24);
    if (hash < *least) *least = hash;
}

/* points:  code points of all texts, one text after the other
   lengths: int64 [texts]
   folding: uint32 [0x110000], see codepoints.py
   composed: 1 when the texts are in composed form already
   minima:  uint32 [texts, 256], filled with 0xFFFFFFFF
   visible: uint32 [characters], out: the visible folded characters, text after text
   visible_lengths: int64 [texts], out
   Returns 0; 1 when a text must be composed first; -1 when memory ran out. */
int32_t trueline_sketch(const uint32_t *points, const int64_t *lengths, int32_t texts,
                        const uint32_t *folding, int32_t composed, uint32_t *minima,
                        uint32_t *visible, int64_t *visible_lengths) {
    int64_t longest = 0;
    for (int32_t t = 0; t < texts; t++)
        if (lengths[t] > longest) longest = lengths[t];
    /* Polynomial hash of each prefix, the powers to take differences, and where words begin. */
    uint32_t *prefix = malloc((uint64_t)(longest + 1) * 3 * sizeof *prefix);
    if (!prefix) return -1;
    uint32_t *powers = prefix + longest + 1, *words = powers + longest + 1;
    powers[0] = 1;
    for (int64_t k = 1; k <= longest; k++) powers[k] = powers[k - 1] * BASE;

    for (int32_t t = 0; t < texts; t++) {
        int64_t size = 0, unspaced = 0, starts = 0;
        uint32_t before = SPACE;
        for (int64_t k = 0; k < lengths[t]; k++) {
            uint32_t code = points[k] < PLANES ? folding[points[k]] : 0;
            if (code > SPACE) {
                if (code == JOINS && !composed) {
                    free(prefix);
                    return 1;
                }
                if (before == SPACE || size == 0) words[starts++] = (uint32_t)size;
                unspaced += code >> 31;
                visible[size++] = code;
            }
            before = code;
        }
        uint32_t *least = minima + (int64_t)t * BINS;
        if (unspaced * 4 > size && size >= SHINGLE) {
            uint32_t top = BASE * BASE * BASE * BASE * BASE, rolled = 0;
            for (int64_t k = 0; k < size; k++) {
                rolled = rolled * BASE + mixed(visible[k]);
                if (k >= SHINGLE) rolled -= top * mixed(visible[k - SHINGLE]);
                if (k >= SHINGLE - 1) bin(rolled, least);
            }
        } else if (size) {
            prefix[0] = 0;
            for (int64_t k = 0; k < size; k++)
                prefix[k + 1] = prefix[k] * BASE + mixed(visible[k]);
            int64_t shingles = starts > SHINGLE ? starts - SHINGLE + 1 : 1;
            for (int64_t w = 0; w < shingles; w++) {
                int64_t begin = words[w];
                int64_t end = w + SHINGLE < starts ? words[w + SHINGLE] : size;
                bin(prefix[end] - prefix[begin] * powers[end - begin], least);
            }
        }
        visible_lengths[t] = size;
        visible += size;
        points += lengths[t];
    }
    free(prefix);
    return 0;
}
