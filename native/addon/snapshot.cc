/*
 * Snapshots, see the header. The handles of a series are let go before the next one is made, so that a store of any
 * size needs few of them at a time.
 */
#include "snapshot.h"

#include <limits>
#include <string>
#include <vector>

#include "errors.h"
#include "family-names.h"
#include "values.h"

namespace pcm {
namespace {

Napi::Object Labels(Napi::Env env, const pcm_reader *reader, const pcm_family_definition &family, uint32_t series) {
    Napi::Object labels = Napi::Object::New(env);
    for (uint32_t i = 0; i < family.label_count; i++)
        labels.Set(ToString(env, family.label_names[i]), ToString(env, pcm_reader_label_value(reader, series, i)));
    return labels;
}

Napi::Object NumberOf(Napi::Env env, const pcm_reader *reader, const pcm_family_definition &family, uint32_t series) {
    pcm_number number;
    const int status = pcm_reader_value(reader, series, &number);
    if (status != PCM_OK)
        ThrowStatus(env, status);
    Napi::Object object = Napi::Object::New(env);
    object.Set("labels", Labels(env, reader, family, series));
    object.Set("value", number.real);
    return object;
}

Napi::Object HistogramOf(Napi::Env env, const pcm_reader *reader, const pcm_family_definition &family,
                         uint32_t series) {
    std::vector<int64_t> counts(size_t{family.bound_count} + 1);
    double sum;
    const int status = pcm_reader_histogram(reader, series, counts.data(), &sum);
    if (status != PCM_OK)
        ThrowStatus(env, status);
    Napi::Array buckets = Napi::Array::New(env, counts.size());
    uint64_t count = 0; /* unsigned, for a store may hold numbers whose sum leaves the range */
    for (uint32_t i = 0; i <= family.bound_count; i++) {
        count += static_cast<uint64_t>(counts[i]);
        Napi::Object bucket = Napi::Object::New(env);
        bucket.Set("le", i < family.bound_count ? family.bounds[i] : std::numeric_limits<double>::infinity());
        bucket.Set("count", static_cast<double>(static_cast<int64_t>(count)));
        buckets.Set(i, bucket);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("labels", Labels(env, reader, family, series));
    object.Set("buckets", buckets);
    object.Set("count", static_cast<double>(static_cast<int64_t>(count)));
    object.Set("sum", sum);
    return object;
}

/* The buckets that are not empty, in the order of their bounds. */
Napi::Array ExponentialBuckets(Napi::Env env, const pcm_exponential &shape, const std::vector<int64_t> &counts) {
    Napi::Array buckets = Napi::Array::New(env);
    uint32_t size = 0;
    for (uint32_t i = 0; i < counts.size(); i++) {
        if (counts[i] == 0)
            continue;
        const pcm_range range = pcm_exponential_cell_range(&shape, i);
        Napi::Object bucket = Napi::Object::New(env);
        bucket.Set("lower", range.lower);
        bucket.Set("upper", range.upper);
        bucket.Set("count", static_cast<double>(counts[i]));
        buckets.Set(size++, bucket);
    }
    return buckets;
}

Napi::Array Quantiles(Napi::Env env, const pcm_family_definition &family, const pcm_exponential &shape,
                      const std::vector<int64_t> &counts) {
    Napi::Array quantiles = Napi::Array::New(env, family.bound_count - 2);
    for (uint32_t i = 2; i < family.bound_count; i++) {
        Napi::Object quantile = Napi::Object::New(env);
        quantile.Set("quantile", family.bounds[i]);
        quantile.Set("value", pcm_exponential_quantile(&shape, counts.data(), family.bounds[i]));
        quantiles.Set(i - 2, quantile);
    }
    return quantiles;
}

Napi::Object ExponentialOf(Napi::Env env, const pcm_reader *reader, const pcm_family_definition &family,
                           uint32_t series) {
    pcm_exponential shape;
    pcm_definition_exponential(&family, &shape);
    std::vector<int64_t> counts(pcm_definition_bucket_count(&family));
    double sum;
    const int status = pcm_reader_histogram(reader, series, counts.data(), &sum);
    if (status != PCM_OK)
        ThrowStatus(env, status);
    uint64_t count = 0;
    for (const int64_t bucket : counts)
        count += static_cast<uint64_t>(bucket);
    Napi::Object object = Napi::Object::New(env);
    object.Set("labels", Labels(env, reader, family, series));
    if (family.type == PCM_SUMMARY)
        object.Set("quantiles", Quantiles(env, family, shape, counts));
    else
        object.Set("exponentialBuckets", ExponentialBuckets(env, shape, counts));
    object.Set("count", static_cast<double>(static_cast<int64_t>(count)));
    object.Set("sum", sum);
    return object;
}

Napi::Object SeriesOf(Napi::Env env, const pcm_reader *reader, const pcm_family_definition &family, uint32_t series) {
    switch (family.type) {
    case PCM_HISTOGRAM:
        return HistogramOf(env, reader, family, series);
    case PCM_NATIVE_HISTOGRAM:
    case PCM_SUMMARY:
        return ExponentialOf(env, reader, family, series);
    default:
        return NumberOf(env, reader, family, series);
    }
}

Napi::Object ExemplarOf(Napi::Env env, uint32_t bucket, const pcm_exemplar &exemplar) {
    Napi::Object labels = Napi::Object::New(env);
    for (uint32_t i = 0; i < exemplar.label_count; i++)
        labels.Set(ToString(env, exemplar.names[i]), ToString(env, exemplar.values[i]));
    Napi::Object object = Napi::Object::New(env);
    object.Set("bucket", bucket);
    object.Set("labels", labels);
    object.Set("value", exemplar.value);
    object.Set("timestamp", static_cast<double>(exemplar.timestamp_ms));
    return object;
}

uint32_t ExemplarCount(const pcm_family_definition &family) noexcept {
    switch (family.type) {
    case PCM_COUNTER:
        return 1;
    case PCM_HISTOGRAM:
        return family.bound_count + 1;
    case PCM_NATIVE_HISTOGRAM:
        return PCM_NATIVE_EXEMPLARS;
    default:
        return 0;
    }
}

void AddExemplars(Napi::Object object, const pcm_reader *reader, const pcm_family_definition &family, uint32_t series) {
    if (!pcm_reader_has_exemplars(reader, series))
        return;
    const Napi::Env env = object.Env();
    Napi::Array exemplars = Napi::Array::New(env);
    uint32_t size = 0;
    pcm_exemplar exemplar;
    for (uint32_t bucket = 0; bucket < ExemplarCount(family); bucket++)
        if (pcm_reader_exemplar(reader, series, bucket, &exemplar) == PCM_OK)
            exemplars.Set(size++, ExemplarOf(env, bucket, exemplar));
    if (size > 0)
        object.Set("exemplars", exemplars);
}

Napi::Array Reals(Napi::Env env, const pcm_number *numbers, uint32_t size) {
    Napi::Array array = Napi::Array::New(env, size);
    for (uint32_t i = 0; i < size; i++)
        array.Set(i, numbers[i].real);
    return array;
}

/* Undefined where the series was removed. */
Napi::Value LanesOf(Napi::Env env, const pcm_store_info &info, const pcm_reader *reader, uint32_t series,
                    const pcm_family_definition &family, std::vector<pcm_number> *numbers) {
    const int status = pcm_reader_lanes(reader, series, numbers->data(), numbers->size());
    if (status == PCM_REMOVED)
        return env.Undefined();
    if (status != PCM_OK)
        ThrowStatus(env, status);
    Napi::Object object = Napi::Object::New(env);
    object.Set("labels", Labels(env, reader, family, series));
    object.Set("cpus", Reals(env, numbers->data(), info.lanes));
    object.Set("atomic", Reals(env, numbers->data() + info.lanes, info.atomic_lanes));
    return object;
}

} // namespace

Napi::Value Snapshot(Napi::Env env, const pcm_reader *reader, bool with_creation, bool with_exemplars) {
    const uint32_t family_count = pcm_reader_family_count(reader);
    Napi::Array families = Napi::Array::New(env, family_count);
    std::vector<Napi::Array> lists;
    std::vector<uint32_t> sizes(family_count);
    lists.reserve(family_count);
    for (uint32_t i = 0; i < family_count; i++) {
        Napi::Object family = ToObject(env, *pcm_reader_family(reader, i));
        lists.push_back(Napi::Array::New(env));
        family.Set("series", lists.back());
        families.Set(i, family);
    }
    const uint32_t series_count = pcm_reader_series_count(reader);
    for (uint32_t i = 0; i < series_count; i++) {
        const Napi::HandleScope scope(env);
        const pcm_series_view view = pcm_reader_series(reader, i);
        if (view.is_removed)
            continue;
        const uint32_t index = view.family;
        /* As in every format: it comes with the next reading. */
        if (index >= family_count)
            break;
        const pcm_family_definition &family = *pcm_reader_family(reader, index);
        Napi::Object object = SeriesOf(env, reader, family, i);
        if (with_creation)
            object.Set("createdAt", static_cast<double>(view.created_at_ms));
        if (with_exemplars)
            AddExemplars(object, reader, family, i);
        /* Otherwise its labels may be those of another series. */
        if (pcm_reader_is_current(reader, i))
            lists[index].Set(sizes[index]++, object);
    }
    return families;
}

Napi::Value Lanes(Napi::Env env, const pcm_store *store, const pcm_reader *reader, const std::string *only) {
    pcm_store_info info;
    pcm_store_get_info(store, &info);
    std::vector<pcm_number> numbers(size_t{info.lanes} + info.atomic_lanes);
    const uint32_t family_count = pcm_reader_family_count(reader);
    Napi::Array families = Napi::Array::New(env, family_count);
    std::vector<Napi::Array> lists;
    std::vector<uint32_t> sizes(family_count);
    std::vector<bool> wanted(family_count);
    lists.reserve(family_count);
    for (uint32_t i = 0; i < family_count; i++) {
        const pcm_bytes name = pcm_reader_family(reader, i)->name;
        wanted[i] = only == nullptr || only->compare(0, std::string::npos, name.data, name.size) == 0;
        Napi::Object family = Napi::Object::New(env);
        lists.push_back(Napi::Array::New(env));
        family.Set("name", ToString(env, name));
        family.Set("series", lists.back());
        families.Set(i, family);
    }
    const uint32_t series_count = pcm_reader_series_count(reader);
    for (uint32_t i = 0; i < series_count; i++) {
        const Napi::HandleScope scope(env);
        const pcm_series_view view = pcm_reader_series(reader, i);
        if (view.is_removed)
            continue;
        if (view.family >= family_count)
            break;
        if (!wanted[view.family])
            continue;
        const Napi::Value object = LanesOf(env, info, reader, i, *pcm_reader_family(reader, view.family), &numbers);
        if (!object.IsUndefined() && pcm_reader_is_current(reader, i))
            lists[view.family].Set(sizes[view.family]++, object);
    }
    return families;
}

Napi::Value ExposedNames(Napi::Env env, const pcm_reader *reader, Format format) {
    const std::vector<FamilyNames> names = ExposeNames(reader, format);
    Napi::Array families = Napi::Array::New(env, names.size());
    for (uint32_t i = 0; i < names.size(); i++) {
        const Napi::HandleScope scope(env);
        Napi::Array labels = Napi::Array::New(env, names[i].labels.size());
        for (uint32_t label = 0; label < names[i].labels.size(); label++)
            labels.Set(label, names[i].labels[label].text);
        const std::vector<std::string> in_scrape =
            NamesInScrape(pcm_reader_family(reader, i)->type, names[i], format.syntax);
        Napi::Array all = Napi::Array::New(env, in_scrape.size());
        for (uint32_t name = 0; name < in_scrape.size(); name++)
            all.Set(name, in_scrape[name]);
        Napi::Object family = Napi::Object::New(env);
        family.Set("name", names[i].name.text);
        family.Set("labelNames", labels);
        family.Set("inScrape", all);
        families.Set(i, family);
    }
    return families;
}

} // namespace pcm
