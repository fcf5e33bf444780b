/*
 * Exponential buckets, as Prometheus' native histograms have them: at schema s, bucket i holds the values from above
 * 2^((i-1) / 2^s) to 2^(i / 2^s), this bound included. The index is read off the bits of the double: its exponent, and
 * its fraction by search in a table of exact bounds, so that no rounding of a logarithm misplaces a value that lies on a
 * bound.
 *
 * A family has a fixed range of indices, and so a fixed number of cells: from the most negative bucket (where it has
 * negative ones) over the one around zero to the greatest.
 */
#include "exponential.h"

#include "exponential_bounds.h"

#include <math.h>
#include <string.h>

#define FRACTION_BITS 52
#define FRACTION_MASK ((UINT64_C(1) << FRACTION_BITS) - 1)
#define EXPONENT_BIAS 1023

/* Of a finite value above 0 as fraction * 2^exponent, where the fraction is in [1, 2): its bits behind the point. */
static uint64_t split(double value, int *exponent) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    *exponent = (int)(bits >> FRACTION_BITS) - EXPONENT_BIAS;
    if (*exponent == -EXPONENT_BIAS) { /* subnormal: brought to normal form first */
        value *= 18014398509481984.0;  /* 2^54 */
        memcpy(&bits, &value, sizeof bits);
        *exponent = (int)(bits >> FRACTION_BITS) - EXPONENT_BIAS - 54;
    }
    return bits & FRACTION_MASK;
}

/* x / 2^bits, rounded down. */
static int32_t divide_down(int32_t x, int bits) {
    return x >= 0 ? x >> bits : -((-x + (1 << bits) - 1) >> bits);
}

int32_t pcm_exponential_index(int32_t schema, double value) {
    int exponent;
    uint64_t fraction = split(value, &exponent);
    if (schema <= 0)
        return -divide_down(-(exponent + (fraction != 0)), -schema);
    /* Number of bounds below the fraction; compiled to conditional moves. */
    uint32_t below = 0;
    int shift = PCM__FINEST_SCHEMA - schema;
    for (uint32_t half = 1u << (schema - 1); half > 0; half >>= 1)
        below = pcm__bound_fractions[(below + half) << shift] < fraction ? below + half : below;
    return exponent * (1 << schema) + (int32_t)below + (fraction != 0);
}

double pcm_exponential_bound(int32_t schema, int32_t index) {
    if (schema <= 0)
        return ldexp(1.0, index * (1 << -schema));
    int32_t exponent = divide_down(index, schema);
    uint32_t within = (uint32_t)(index - exponent * (1 << schema));
    uint64_t fraction = pcm__bound_fractions[within << (PCM__FINEST_SCHEMA - schema)];
    return ldexp((double)(fraction | (UINT64_C(1) << FRACTION_BITS)), exponent - FRACTION_BITS);
}

bool pcm__exponential_is_valid(const pcm_family_definition *definition) {
    const double *bounds = definition->bounds;
    if (!pcm__has_buckets(definition->type) || definition->type == PCM_HISTOGRAM)
        return definition->schema == 0 && !definition->negative;
    if (definition->schema < PCM_MIN_SCHEMA || definition->schema > PCM_MAX_SCHEMA || definition->bound_count < 2 ||
        (definition->type == PCM_NATIVE_HISTOGRAM && definition->bound_count > 2))
        return false;
    if (!(bounds[0] > 0) || !isfinite(bounds[1]) || !(bounds[0] <= bounds[1]))
        return false;
    for (uint32_t i = 2; i < definition->bound_count; i++)
        if (!(bounds[i] >= 0 && bounds[i] <= 1) || (i > 2 && bounds[i] <= bounds[i - 1]))
            return false;
    return pcm_definition_bucket_count(definition) <= PCM_MAX_BUCKETS;
}

void pcm_definition_exponential(const pcm_family_definition *definition, pcm_exponential *out) {
    int32_t first = pcm_exponential_index(definition->schema, definition->bounds[0]);
    int32_t last = pcm_exponential_index(definition->schema, definition->bounds[1]);
    *out = (pcm_exponential){
        .schema = definition->schema,
        .first_index = first,
        .bucket_count = (uint32_t)(last - first) + 1,
        .zero_cell = definition->negative ? (uint32_t)(last - first) + 1 : 0,
        .zero_threshold = pcm_exponential_bound(definition->schema, first - 1),
    };
}

uint32_t pcm_definition_bucket_count(const pcm_family_definition *definition) {
    pcm_exponential shape;
    if (definition->type == PCM_HISTOGRAM)
        return definition->bound_count + 1;
    if (!pcm__has_buckets(definition->type))
        return 0;
    pcm_definition_exponential(definition, &shape);
    return shape.zero_cell + 1 + shape.bucket_count;
}

uint32_t pcm__exponential_cell(const pcm_exponential *shape, double value) {
    double size = fabs(value);
    if (size <= shape->zero_threshold || (value < 0 && shape->zero_cell == 0))
        return shape->zero_cell;
    uint32_t distance = (uint32_t)(pcm_exponential_index(shape->schema, size) - shape->first_index);
    if (distance >= shape->bucket_count)
        distance = shape->bucket_count - 1;
    return value < 0 ? shape->zero_cell - 1 - distance : shape->zero_cell + 1 + distance;
}

pcm_range pcm_exponential_cell_range(const pcm_exponential *shape, uint32_t cell) {
    if (cell == shape->zero_cell)
        return (pcm_range){shape->zero_cell == 0 ? 0 : -shape->zero_threshold, shape->zero_threshold};
    uint32_t distance = cell > shape->zero_cell ? cell - shape->zero_cell - 1 : shape->zero_cell - cell - 1;
    int32_t index = shape->first_index + (int32_t)distance;
    double near = pcm_exponential_bound(shape->schema, index - 1);
    double far = pcm_exponential_bound(shape->schema, index);
    return cell > shape->zero_cell ? (pcm_range){near, far} : (pcm_range){-far, -near};
}

/* What stands for all values of a bucket: no other number is, in relation, as near to the one furthest from it. */
static double middle_of(const pcm_exponential *shape, uint32_t cell) {
    pcm_range range = pcm_exponential_cell_range(shape, cell);
    if (cell == shape->zero_cell)
        return 0;
    /* 2 * lower * upper / (lower + upper), without a product that could overflow. */
    return 2 * range.lower / (range.lower / range.upper + 1);
}

double pcm_exponential_quantile(const pcm_exponential *shape, const int64_t *buckets, double quantile) {
    uint32_t cells = shape->zero_cell + 1 + shape->bucket_count;
    double count = 0;
    for (uint32_t i = 0; i < cells; i++)
        count += buckets[i] > 0 ? (double)buckets[i] : 0;
    if (count == 0)
        return NAN;
    double rank = floor(quantile * (count - 1));
    double below = 0;
    for (uint32_t i = 0; i < cells; i++) {
        below += buckets[i] > 0 ? (double)buckets[i] : 0;
        if (below > rank)
            return middle_of(shape, i);
    }
    return middle_of(shape, cells - 1);
}
