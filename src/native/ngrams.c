/* Logits of text pieces from the weights of their distinct hashed n-grams.

   The same arithmetic as trueline/models/hashing.py and linear.py, which run instead where this
   file could not be compiled; a test holds the two against each other. Nothing of Python is
   used here: the library is called through ctypes. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ORDER 5
#define SLOT_BITS 22
#define LANES 16
#define EMPTY UINT32_MAX

/* See hashing.py for where these come from. */
#define ROLL 0x01000193u
#define MIX_A 0xCC9E2D51u
#define MIX_B 0x1B873593u
#define ORDER_SALT 0x9E3779B1u
#define KEPT_DIGITS 4

static int is_space(uint32_t c) { /* what str.split() splits on */
    if (c < 0x80)
        return c == 0x20 || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static int is_digit(uint32_t c) { return c - '0' < 10u; }

/* One space at each end and between words, digits read as 0, the digits after the fourth of a
   number (and an X after them) left out. `out` has room for length + 2. */
static int64_t pad(const uint32_t *points, int64_t length, uint32_t *out) {
    int64_t size = 0, run = 0;
    int left_out = 0; /* the last character was the left-out digit of a number */
    out[size++] = ' ';
    for (int64_t i = 0; i < length; i++) {
        uint32_t c = points[i];
        if (is_digit(c)) {
            left_out = ++run > KEPT_DIGITS;
            c = left_out ? ' ' : '0';
        } else {
            run = 0;
            if (left_out && (c == 'X' || c == 'x')) c = ' ';
            left_out = 0;
        }
        if (is_space(c)) {
            if (out[size - 1] != ' ') out[size++] = ' ';
        } else {
            out[size++] = c;
        }
    }
    /* "".join of no words between two spaces is two spaces: an empty piece has two. */
    if (size == 1 || out[size - 1] != ' ') out[size++] = ' ';
    return size;
}

static uint32_t slot_of(uint32_t rolled, uint32_t order) {
    uint32_t h = (rolled + order * ORDER_SALT) * MIX_A;
    h ^= h >> 15;
    return (h * MIX_B) >> (32 - SLOT_BITS);
}

/* points:  code points of all pieces, one piece after the other
   lengths: int32 [pieces]
   index:   uint64 [2**22 / 64, 2]: one bit for each of 64 slots that carries weights, and the
            row of the first of them; side by side, so that a slot costs one line of the cache
   table:   int8 [rows, 16]
   scales, bias: float32 [16]
   floors:  float32 [16]; a logit at or above its floor is a hit
   hits:    int32 [pieces * 16], out: piece * 16 + head of each hit
   values:  float32 [pieces * 16], out: logit of each hit, in the same order: the sum of the
            rows * scales / sqrt(distinct n-grams) + bias
   known:   float32 [pieces], out: share of the distinct n-grams that carry weights
   Returns the number of hits, or -1 when memory ran out (the output is not to be used then). */
int32_t trueline_ngram_hits(const uint32_t *points, const int32_t *lengths, int32_t pieces,
                            const uint64_t *index, const int8_t *table, const float *scales,
                            const float *bias, const float *floors, int32_t *hits,
                            float *values, float *known) {
    int32_t hit = 0;
    int64_t longest = 0;
    for (int32_t p = 0; p < pieces; p++)
        if (lengths[p] > longest) longest = lengths[p];
    uint64_t room = 64;
    while (room < (uint64_t)(longest + 2) * MAX_ORDER * 2) room *= 2;
    uint32_t *seen = malloc(room * sizeof *seen);
    uint32_t *padded = malloc((uint64_t)(longest + 2) * sizeof *padded);
    uint32_t *found = malloc((uint64_t)(longest + 2) * MAX_ORDER * sizeof *found);
    if (!seen || !padded || !found) {
        free(seen);
        free(padded);
        free(found);
        return -1;
    }
    for (int32_t p = 0; p < pieces; p++) {
        int64_t size = pad(points, lengths[p], padded);
        uint64_t mask = 63;
        while (mask + 1 < (uint64_t)size * MAX_ORDER * 2) mask = mask * 2 + 1;
        memset(seen, 0xFF, (mask + 1) * sizeof *seen);
        int32_t sum[LANES] = {0};
        int32_t distinct = 0, weighted = 0;
        for (int64_t i = 0; i < size; i++) {
            uint32_t rolled = 0;
            int64_t orders = size - i < MAX_ORDER ? size - i : MAX_ORDER;
            for (uint32_t order = 1; order <= orders; order++) {
                rolled = order == 1 ? padded[i] : rolled * ROLL + padded[i + order - 1];
                uint32_t slot = slot_of(rolled, order);
                uint64_t place = (slot * 0x9E3779B1u >> 7) & mask;
                while (seen[place] != EMPTY && seen[place] != slot) place = (place + 1) & mask;
                if (seen[place] == slot) continue;
                seen[place] = slot;
                __builtin_prefetch(index + 2 * (slot >> 6));
                found[distinct++] = slot;
            }
        }
        /* Rows lie all over the table: ask for each of them before the first is needed. */
        for (int32_t n = 0; n < distinct; n++) {
            uint32_t slot = found[n];
            const uint64_t *entry = index + 2 * (slot >> 6);
            uint64_t bit = 1ull << (slot & 63);
            if (!(entry[0] & bit)) continue;
            uint32_t row = (uint32_t)entry[1] + (uint32_t)__builtin_popcountll(entry[0] & (bit - 1));
            __builtin_prefetch(table + (int64_t)row * LANES);
            found[weighted++] = row;
        }
        for (int32_t n = 0; n < weighted; n++) {
            const int8_t *row = table + (int64_t)found[n] * LANES;
            for (int lane = 0; lane < LANES; lane++) sum[lane] += row[lane];
        }
        float root = sqrtf((float)distinct);
        for (int lane = 0; lane < LANES; lane++) {
            float logit = (float)sum[lane] * scales[lane] / root + bias[lane];
            if (logit >= floors[lane]) {
                hits[hit] = p * LANES + lane;
                values[hit++] = logit;
            }
        }
        known[p] = (float)weighted / (float)distinct;
        points += lengths[p];
    }
    free(seen);
    free(padded);
    free(found);
    return hit;
}
