/*
 * Conversions, see the header.
 */
#include "values.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "errors.h"

namespace pcm {
namespace {

const char *AggregationName(pcm_aggregation aggregation) noexcept {
    switch (aggregation) {
    case PCM_AGGREGATION_SUM:
        return "sum";
    case PCM_AGGREGATION_MIN:
        return "min";
    case PCM_AGGREGATION_MAX:
        return "max";
    case PCM_AGGREGATION_AVERAGE:
        return "average";
    case PCM_AGGREGATION_NONE:
        break;
    }
    return "none";
}

constexpr double kMaxSafeInteger = 9007199254740991.0;

Napi::Object RequireObject(Napi::Value value, const char *message) {
    if (!value.IsObject())
        ThrowArgument(value.Env(), message);
    return value.As<Napi::Object>();
}

Napi::Array RequireArray(Napi::Value value, const char *message) {
    if (!value.IsArray())
        ThrowArgument(value.Env(), message);
    return value.As<Napi::Array>();
}

pcm_type RequireType(Napi::Value value) {
    const char *message = "type must be 'counter', 'gauge', 'histogram' or another type of a family";
    const std::string name = RequireString(value, message);
    for (const pcm_type type : {PCM_COUNTER, PCM_GAUGE, PCM_HISTOGRAM, PCM_UNTYPED, PCM_INFO, PCM_STATE_SET,
                                PCM_NATIVE_HISTOGRAM, PCM_SUMMARY})
        if (name == TypeName(type))
            return type;
    ThrowArgument(value.Env(), message);
}

pcm_backend RequireBackend(Napi::Value value) {
    const char *message = "backend must be 'rseq', 'percpu-atomic', 'atomic' or 'atomic-padded'";
    const std::string name = RequireString(value, message);
    for (const pcm_backend backend :
         {PCM_BACKEND_RSEQ, PCM_BACKEND_PERCPU_ATOMIC, PCM_BACKEND_ATOMIC, PCM_BACKEND_ATOMIC_PADDED})
        if (name == BackendName(backend))
            return backend;
    ThrowArgument(value.Env(), message);
}

pcm_aggregation OptionalAggregation(Napi::Value value) {
    const char *message = "aggregation must be 'sum', 'min', 'max' or 'average'";
    if (value.IsUndefined())
        return PCM_AGGREGATION_NONE;
    const std::string name = RequireString(value, message);
    for (const pcm_aggregation aggregation :
         {PCM_AGGREGATION_SUM, PCM_AGGREGATION_MIN, PCM_AGGREGATION_MAX, PCM_AGGREGATION_AVERAGE})
        if (name == AggregationName(aggregation))
            return aggregation;
    ThrowArgument(value.Env(), message);
}

uint64_t RequireInteger(Napi::Value value, double max, const char *message) {
    if (!value.IsNumber())
        ThrowArgument(value.Env(), message);
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= 0 && number <= max && number == std::floor(number)))
        ThrowArgument(value.Env(), message);
    return static_cast<uint64_t>(number);
}

uint64_t OptionalInteger(Napi::Object object, const char *name, double max, const char *message) {
    const Napi::Value value = object.Get(name);
    return value.IsUndefined() ? 0 : RequireInteger(value, max, message);
}

bool OptionalBoolean(Napi::Object object, const char *name) {
    const Napi::Value value = object.Get(name);
    return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

std::vector<double> RequireNumbers(Napi::Value value, const char *message) {
    const Napi::Array array = RequireArray(value, message);
    const uint32_t size = array.Length();
    std::vector<double> numbers;
    numbers.reserve(size);
    for (uint32_t i = 0; i < size; i++) {
        const Napi::HandleScope scope(value.Env());
        const Napi::Value item = array.Get(i);
        if (!item.IsNumber())
            ThrowArgument(value.Env(), message);
        numbers.push_back(item.As<Napi::Number>().DoubleValue());
    }
    return numbers;
}

} // namespace

const char *BackendName(pcm_backend backend) noexcept {
    switch (backend) {
    case PCM_BACKEND_DEFAULT:
    case PCM_BACKEND_RSEQ:
        return "rseq";
    case PCM_BACKEND_PERCPU_ATOMIC:
        return "percpu-atomic";
    case PCM_BACKEND_ATOMIC:
        return "atomic";
    case PCM_BACKEND_ATOMIC_PADDED:
        return "atomic-padded";
    }
    return "unknown";
}

const char *RegistrationName(pcm_registration registration) noexcept {
    switch (registration) {
    case PCM_REGISTRATION_LIBC:
        return "libc";
    case PCM_REGISTRATION_SELF:
        return "self";
    case PCM_REGISTRATION_NONE:
        break;
    }
    return "none";
}

const char *TypeName(pcm_type type) noexcept {
    switch (type) {
    case PCM_COUNTER:
        return "counter";
    case PCM_GAUGE:
        return "gauge";
    case PCM_HISTOGRAM:
        return "histogram";
    case PCM_UNTYPED:
        return "untyped";
    case PCM_INFO:
        return "info";
    case PCM_STATE_SET:
        return "stateset";
    case PCM_NATIVE_HISTOGRAM:
        return "native-histogram";
    case PCM_SUMMARY:
        return "summary";
    }
    return "unknown";
}

Napi::String ToString(Napi::Env env, pcm_bytes bytes) {
    return bytes.size == 0 ? Napi::String::New(env, "") : Napi::String::New(env, bytes.data, bytes.size);
}

namespace {

Napi::Array Reals(Napi::Env env, const double *numbers, uint32_t count) {
    Napi::Array array = Napi::Array::New(env, count);
    for (uint32_t i = 0; i < count; i++)
        array.Set(i, numbers[i]);
    return array;
}

void SetExponential(Napi::Env env, Napi::Object object, const pcm_family_definition &definition) {
    object.Set("schema", definition.schema);
    object.Set("range", Reals(env, definition.bounds, 2));
    object.Set("negative", definition.negative);
    if (definition.type == PCM_SUMMARY)
        object.Set("quantiles", Reals(env, definition.bounds + 2, definition.bound_count - 2));
}

} // namespace

Napi::Object ToObject(Napi::Env env, const pcm_family_definition &definition) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("type", TypeName(definition.type));
    object.Set("name", ToString(env, definition.name));
    object.Set("help", ToString(env, definition.help));
    object.Set("unit", ToString(env, definition.unit));
    Napi::Array names = Napi::Array::New(env, definition.label_count);
    for (uint32_t i = 0; i < definition.label_count; i++)
        names.Set(i, ToString(env, definition.label_names[i]));
    object.Set("labelNames", names);
    object.Set("buckets", Reals(env, definition.bounds, definition.type == PCM_HISTOGRAM ? definition.bound_count : 0));
    if (definition.type == PCM_NATIVE_HISTOGRAM || definition.type == PCM_SUMMARY)
        SetExponential(env, object, definition);
    if (definition.per_process)
        object.Set("perProcess", true);
    if (definition.aggregation != PCM_AGGREGATION_NONE)
        object.Set("aggregation", AggregationName(definition.aggregation));
    return object;
}

Napi::Object ToObject(Napi::Env env, const pcm_store_info &info) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("backend", BackendName(info.backend));
    object.Set("formatVersion", ToNumber(env, info.format_version));
    object.Set("lanes", ToNumber(env, info.lanes));
    object.Set("atomicLanes", ToNumber(env, info.atomic_lanes));
    object.Set("cellBytes", ToNumber(env, info.cell_bytes));
    object.Set("capacity", ToNumber(env, info.capacity));
    object.Set("cellsUsed", ToNumber(env, info.cells_used));
    object.Set("catalogBytes", ToNumber(env, info.catalog_bytes));
    object.Set("catalogCapacity", ToNumber(env, info.catalog_capacity));
    object.Set("fileBytes", ToNumber(env, info.file_bytes));
    object.Set("reservedBytes", ToNumber(env, info.reserved_bytes));
    object.Set("readOnly", info.read_only);
    object.Set("ephemeral", info.ephemeral);
    object.Set("broken", info.broken);
    return object;
}

Napi::Object ToObject(Napi::Env env, const pcm_mode &mode) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("backend", BackendName(mode.backend));
    object.Set("registration", RegistrationName(mode.registration));
    object.Set("reason", mode.reason);
    return object;
}

Napi::Object ToObject(Napi::Env env, const pcm_process &process) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("slot", ToNumber(env, process.slot));
    object.Set("pid", ToNumber(env, process.pid));
    object.Set("backend", BackendName(process.backend));
    object.Set("registration", RegistrationName(process.registration));
    object.Set("alive", process.alive);
    object.Set("attachedAt", ToNumber(env, process.attached_at_ms));
    object.Set("aborts", ToNumber(env, process.aborts));
    object.Set("fallbacks", ToNumber(env, process.fallbacks));
    return object;
}

std::string RequireString(Napi::Value value, const char *message) {
    /* Most are short: one call copies them, where asking for the length first takes two. */
    char few[256];
    size_t size;
    if (napi_get_value_string_utf8(value.Env(), value, few, sizeof few, &size) != napi_ok)
        ThrowArgument(value.Env(), message);
    /* One with no room is cut off in front of a character, which has up to 4 bytes. */
    return size < sizeof few - 4 ? std::string(few, size) : value.As<Napi::String>().Utf8Value();
}

std::string RequirePath(Napi::Value value) {
    std::string path = RequireString(value, "a path must be a string");
    if (path.find('\0') != std::string::npos)
        ThrowArgument(value.Env(), "a path must not contain NUL");
    return path;
}

uint64_t RequireId(Napi::Value value) {
    return RequireInteger(value, kMaxSafeInteger, "an id must be a safe integer from 0 on");
}

std::vector<uint64_t> RequireIds(Napi::Value value) {
    const Napi::Array array = RequireArray(value, "ids must be an array");
    const uint32_t size = array.Length();
    std::vector<uint64_t> ids;
    ids.reserve(size);
    for (uint32_t i = 0; i < size; i++) {
        const Napi::HandleScope scope(value.Env());
        ids.push_back(RequireId(array.Get(i)));
    }
    return ids;
}

std::vector<double> RequireNumbers(Napi::Value value, size_t count) {
    const Napi::Array array = RequireArray(value, "numbers must be an array");
    if (array.Length() != count)
        throw Napi::TypeError::New(value.Env(), "there must be as many numbers as ids");
    std::vector<double> numbers;
    numbers.reserve(count);
    for (uint32_t i = 0; i < count; i++) {
        const Napi::HandleScope scope(value.Env());
        const Napi::Value number = array.Get(i);
        if (!number.IsNumber())
            throw Napi::TypeError::New(value.Env(), "numbers must be numbers");
        numbers.push_back(number.As<Napi::Number>().DoubleValue());
    }
    return numbers;
}

uint32_t OptionalCount(Napi::Value value) {
    if (value.IsUndefined())
        return 0;
    return static_cast<uint32_t>(RequireInteger(value, UINT32_MAX, "a count must be an integer from 0 to 2^32 - 1"));
}

StringList::StringList(Napi::Value value, const char *message) {
    const Napi::Array array = RequireArray(value, message);
    const uint32_t size = array.Length();
    texts_.reserve(size);
    for (uint32_t i = 0; i < size; i++) {
        const Napi::HandleScope scope(value.Env());
        texts_.push_back(RequireString(array.Get(i), message));
    }
    views_.reserve(size);
    for (const std::string &text : texts_)
        views_.push_back(ToBytes(text));
}

/* A limit that no store reaches is none that matters. */
static uint32_t ToCount(double limit) {
    return static_cast<uint32_t>(std::clamp(limit, 0.0, static_cast<double>(UINT32_MAX)));
}

SeriesRequests::SeriesRequests(Napi::Value families, Napi::Value values, Napi::Value cells, Napi::Value limits) {
    const std::vector<uint64_t> ids = RequireIds(families);
    const std::vector<double> wanted = RequireNumbers(cells, ids.size());
    const std::vector<double> most = RequireNumbers(limits, ids.size() * 2);
    if (!values.IsArray() || values.As<Napi::Array>().Length() != ids.size())
        ThrowArgument(values.Env(), "values must be an array of label values for each family");
    const Napi::Array given = values.As<Napi::Array>();
    for (uint32_t i = 0; i < ids.size(); i++) {
        const StringList &list = values_.emplace_back(given.Get(i), "label values must be an array of strings");
        const auto bits = static_cast<uint32_t>(wanted[i]);
        views_.push_back({ids[i],
                          list.views(),
                          list.size(),
                          {(bits & 1) != 0, (bits & 2) != 0},
                          {ToCount(most[2 * i]), ToCount(most[2 * i + 1])}});
    }
}

FamilyArgument::FamilyArgument(Napi::Value value)
    : FamilyArgument(RequireObject(value, "the definition of a family must be an object")) {}

FamilyArgument::FamilyArgument(Napi::Object object)
    : type_(RequireType(object.Get("type"))), name_(RequireString(object.Get("name"), "name must be a string")),
      help_(RequireString(object.Get("help"), "help must be a string")),
      unit_(RequireString(object.Get("unit"), "unit must be a string")),
      label_names_(object.Get("labelNames"), "labelNames must be an array of strings"),
      bounds_(RequireNumbers(object.Get("buckets"), "buckets must be an array of numbers")),
      per_process_(OptionalBoolean(object, "perProcess")),
      aggregation_(OptionalAggregation(object.Get("aggregation"))) {
    if (type_ == PCM_NATIVE_HISTOGRAM || type_ == PCM_SUMMARY)
        TakeExponential(object);
}

/* The core has the range and the quantiles in one list. */
void FamilyArgument::TakeExponential(Napi::Object object) {
    const Napi::Value schema = object.Get("schema");
    if (!schema.IsNumber())
        ThrowArgument(object.Env(), "schema must be a number");
    schema_ = schema.As<Napi::Number>().Int32Value();
    negative_ = OptionalBoolean(object, "negative");
    bounds_ = RequireNumbers(object.Get("range"), "range must be an array of two numbers");
    if (bounds_.size() != 2)
        ThrowArgument(object.Env(), "range must be an array of two numbers");
    if (type_ == PCM_NATIVE_HISTOGRAM)
        return;
    const std::vector<double> quantiles =
        RequireNumbers(object.Get("quantiles"), "quantiles must be an array of numbers");
    bounds_.insert(bounds_.end(), quantiles.begin(), quantiles.end());
}

pcm_family_definition FamilyArgument::view() const noexcept {
    pcm_family_definition definition{};
    definition.type = type_;
    definition.name = ToBytes(name_);
    definition.help = ToBytes(help_);
    definition.unit = ToBytes(unit_);
    definition.label_names = label_names_.views();
    definition.label_count = label_names_.size();
    definition.bounds = bounds_.data();
    definition.bound_count = static_cast<uint32_t>(bounds_.size());
    definition.schema = schema_;
    definition.negative = negative_;
    definition.per_process = per_process_;
    definition.aggregation = aggregation_;
    return definition;
}

OpenArgument::OpenArgument(Napi::Value value) {
    const Napi::Object object = RequireObject(value, "the options of open() must be an object");
    path_ = RequirePath(object.Get("path"));
    const Napi::Value backend = object.Get("backend");
    options_.path = path_.c_str();
    options_.backend = backend.IsUndefined() ? PCM_BACKEND_DEFAULT : RequireBackend(backend);
    options_.capacity = OptionalInteger(object, "capacity", PCM_MAX_CAPACITY, "capacity is out of its range");
    options_.lanes =
        static_cast<uint32_t>(OptionalInteger(object, "lanes", PCM_MAX_LANES, "lanes is out of its range"));
    options_.file_mode =
        static_cast<uint32_t>(OptionalInteger(object, "fileMode", 0777, "fileMode is out of its range"));
    options_.read_only = OptionalBoolean(object, "readOnly");
    options_.persist = OptionalBoolean(object, "persist");
    options_.ephemeral = OptionalBoolean(object, "ephemeral");
}

} // namespace pcm
