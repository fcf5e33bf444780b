/*
 * The methods of a store, see the header.
 */
#include "native-store.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "activity-job.h"
#include "errors.h"
#include "format-argument.h"
#include "render-job.h"
#include "snapshot.h"
#include "values.h"

namespace pcm {
namespace {

void ReleaseAttachment(napi_env, void *owner, void *) {
    delete static_cast<std::shared_ptr<Attachment> *>(owner);
}

/* Each function owns a share of the attachment, for JavaScript may keep it longer than the store. */
Napi::Value MakeHotFunction(Napi::Env env, const pcm__hot_function &hot,
                            const std::shared_ptr<Attachment> &attachment) {
    napi_value function;
    napi_status status =
        napi_create_function(env, hot.name, NAPI_AUTO_LENGTH, hot.callback, attachment->binding(), &function);
    if (status != napi_ok)
        throw Napi::Error::New(env);
    auto owner = std::make_unique<std::shared_ptr<Attachment>>(attachment);
    status = napi_add_finalizer(env, function, owner.get(), ReleaseAttachment, nullptr, nullptr);
    if (status != napi_ok)
        throw Napi::Error::New(env);
    owner.release();
    return Napi::Value(env, function);
}

Napi::Object MakeHot(Napi::Env env, const std::shared_ptr<Attachment> &attachment) {
    Napi::Object hot = Napi::Object::New(env);
    for (const pcm__hot_function &function : pcm__hot_functions)
        hot.Set(function.name, MakeHotFunction(env, function, attachment));
    return hot;
}

} // namespace

Napi::Function NativeStore::DefineClass(Napi::Env env, std::shared_ptr<Attachment> *pending) {
    return ObjectWrap::DefineClass(env, "NativeStore",
                                   {
                                       InstanceAccessor<&NativeStore::Path>("path"),
                                       InstanceMethod<&NativeStore::Close>("close"),
                                       InstanceMethod<&NativeStore::Unlink>("unlink"),
                                       InstanceMethod<&NativeStore::Info>("info"),
                                       InstanceMethod<&NativeStore::Broken>("broken"),
                                       InstanceMethod<&NativeStore::Mode>("mode"),
                                       InstanceMethod<&NativeStore::Processes>("processes"),
                                       InstanceMethod<&NativeStore::Activity>("activity"),
                                       InstanceMethod<&NativeStore::Declare>("declare"),
                                       InstanceMethod<&NativeStore::Find>("find"),
                                       InstanceMethod<&NativeStore::Bind>("bind"),
                                       InstanceMethod<&NativeStore::BindAll>("bindAll"),
                                       InstanceMethod<&NativeStore::FindSeries>("findSeries"),
                                       InstanceMethod<&NativeStore::LabelValues>("labelValues"),
                                       InstanceMethod<&NativeStore::SeriesOf>("seriesOf"),
                                       InstanceMethod<&NativeStore::ResetSeries>("resetSeries"),
                                       InstanceMethod<&NativeStore::ResetFamily>("resetFamily"),
                                       InstanceMethod<&NativeStore::RemoveSeries>("removeSeries"),
                                       InstanceMethod<&NativeStore::RemoveFamily>("removeFamily"),
                                       InstanceMethod<&NativeStore::RemoveOrphans>("removeOrphans"),
                                       InstanceMethod<&NativeStore::Look>("look"),
                                       InstanceMethod<&NativeStore::MoveOn>("moveOn"),
                                       InstanceMethod<&NativeStore::Cell>("cell"),
                                       InstanceMethod<&NativeStore::BindHistogram>("bindHistogram"),
                                       InstanceMethod<&NativeStore::AddFraction>("addFraction"),
                                       InstanceMethod<&NativeStore::SetGauges>("setGauges"),
                                       InstanceMethod<&NativeStore::KeepExemplars>("keepExemplars"),
                                       InstanceMethod<&NativeStore::PutExemplar>("putExemplar"),
                                       InstanceMethod<&NativeStore::Render>("render"),
                                       InstanceMethod<&NativeStore::Snapshot>("snapshot"),
                                       InstanceMethod<&NativeStore::ExposedNames>("exposedNames"),
                                       InstanceMethod<&NativeStore::Lanes>("lanes"),
                                   },
                                   pending);
}

NativeStore::NativeStore(const Napi::CallbackInfo &info)
    : Napi::ObjectWrap<NativeStore>(info),
      attachment_(std::move(*static_cast<std::shared_ptr<Attachment> *>(info.Data()))) {
    const Napi::Env env = info.Env();
    if (attachment_ == nullptr)
        throw Napi::TypeError::New(env, "a NativeStore is made by open()");
    path_ = pcm_store_path(attachment_->store());
    info.This().As<Napi::Object>().DefineProperty(
        Napi::PropertyDescriptor::Value("hot", MakeHot(env, attachment_), napi_enumerable));
}

pcm_store *NativeStore::RequireOpen(Napi::Env env) const {
    pcm_store *store = attachment_ == nullptr ? nullptr : attachment_->store();
    if (store == nullptr)
        ThrowClosed(env);
    return store;
}

Napi::Value NativeStore::Path(const Napi::CallbackInfo &info) {
    return Napi::String::New(info.Env(), path_);
}

void NativeStore::Close(const Napi::CallbackInfo &) {
    if (attachment_ != nullptr)
        attachment_->Close();
}

void NativeStore::Unlink(const Napi::CallbackInfo &info) {
    pcm_store *store = RequireOpen(info.Env());
    errno = 0;
    const int status = pcm_store_unlink(store);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
}

Napi::Value NativeStore::Info(const Napi::CallbackInfo &info) {
    pcm_store_info facts;
    pcm_store_get_info(RequireOpen(info.Env()), &facts);
    return ToObject(info.Env(), facts);
}

Napi::Value NativeStore::Broken(const Napi::CallbackInfo &info) {
    return Napi::Boolean::New(info.Env(), pcm_store_is_broken(RequireOpen(info.Env())));
}

Napi::Value NativeStore::Mode(const Napi::CallbackInfo &info) {
    pcm_mode mode;
    pcm_thread_get_mode(RequireOpen(info.Env()), &mode);
    return ToObject(info.Env(), mode);
}

Napi::Value NativeStore::Processes(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    pcm_store *store = RequireOpen(env);
    std::vector<pcm_process> processes(PCM_MAX_PROCESSES);
    size_t count = 0;
    errno = 0;
    const int status = pcm_store_list_processes(store, processes.data(), processes.size(), &count);
    if (status != PCM_OK)
        ThrowStatus(env, status, errno);
    if (count > processes.size())
        count = processes.size();
    Napi::Array list = Napi::Array::New(env, count);
    for (size_t i = 0; i < count; i++)
        list.Set(static_cast<uint32_t>(i), ToObject(env, processes[i]));
    return list;
}

Napi::Value NativeStore::Activity(const Napi::CallbackInfo &info) {
    RequireOpen(info.Env());
    /* Where it cannot start, an exception is pending. */
    return Napi::Value(info.Env(), ActivityJob::Start(info.Env(), attachment_->lease()));
}

Napi::Value NativeStore::Declare(const Napi::CallbackInfo &info) {
    const FamilyArgument definition(info[0]);
    const pcm_family_definition view = definition.view();
    pcm_store *store = RequireOpen(info.Env());
    pcm_family_id family;
    errno = 0;
    const int status = pcm_family_declare(store, &view, &family);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
    return ToNumber(info.Env(), family);
}

Napi::Value NativeStore::Find(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    const std::string name = RequireString(info[0], "name must be a string");
    pcm_family_id family;
    pcm_family_definition definition;
    pcm_store *store = RequireOpen(env);
    errno = 0;
    const int status = pcm_family_find(store, ToBytes(name), &family, &definition);
    if (status == PCM_NOT_FOUND)
        return env.Undefined();
    if (status != PCM_OK)
        ThrowStatus(env, status, errno);
    Napi::Object found = Napi::Object::New(env);
    found.Set("id", ToNumber(env, family));
    found.Set("definition", ToObject(env, definition));
    return found;
}

Napi::Value NativeStore::Bind(const Napi::CallbackInfo &info) {
    const pcm_family_id family = RequireId(info[0]);
    const StringList values(info[1], "labelValues must be an array of strings");
    pcm_store *store = RequireOpen(info.Env());
    pcm_series_id series;
    errno = 0;
    const pcm_series_limits limits = {OptionalCount(info[2]), OptionalCount(info[3])};
    const int status = pcm_series_bind_within(store, family, values.views(), values.size(), limits, &series);
    /* No exception: whatever sends ever new label values shall not make their refusal dear. */
    if (status == PCM_SERIES_LIMIT)
        return ToNumber(info.Env(), 0);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
    return ToNumber(info.Env(), series);
}

static Napi::Array ToArray(Napi::Env env, const std::vector<pcm_series_id> &series) {
    Napi::Array list = Napi::Array::New(env, series.size());
    for (size_t i = 0; i < series.size(); i++)
        list.Set(static_cast<uint32_t>(i), ToNumber(env, series[i]));
    return list;
}

Napi::Value NativeStore::BindAll(const Napi::CallbackInfo &info) {
    const SeriesRequests requests(info[0], info[1], info[2], info[3]);
    pcm_store *store = RequireOpen(info.Env());
    std::vector<pcm_series_id> series(requests.size());
    uint32_t failed = 0;
    errno = 0;
    const int status = pcm_series_bind_all(store, requests.views(), requests.size(), series.data(), &failed);
    if (status != PCM_OK)
        ThrowRefused(info.Env(), status, errno, failed);
    return ToArray(info.Env(), series);
}

Napi::Value NativeStore::FindSeries(const Napi::CallbackInfo &info) {
    const pcm_family_id family = RequireId(info[0]);
    const StringList values(info[1], "labelValues must be an array of strings");
    pcm_store *store = RequireOpen(info.Env());
    pcm_series_id series;
    errno = 0;
    const int status = pcm_series_find(store, family, values.views(), values.size(), &series);
    if (status == PCM_NOT_FOUND)
        return info.Env().Undefined();
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
    return ToNumber(info.Env(), series);
}

Napi::Value NativeStore::LabelValues(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    const pcm_series_id series = RequireId(info[0]);
    pcm_bytes values[PCM_MAX_LABELS];
    uint32_t count;
    const int status = pcm_series_label_values(RequireOpen(env), series, values, &count);
    if (status != PCM_OK)
        ThrowStatus(env, status);
    Napi::Array list = Napi::Array::New(env, count);
    for (uint32_t i = 0; i < count; i++)
        list.Set(i, ToString(env, values[i]));
    return list;
}

/* Counted first: those that come in between are left out. */
Napi::Value NativeStore::SeriesOf(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    const pcm_family_id family = RequireId(info[0]);
    pcm_store *store = RequireOpen(env);
    size_t count = 0;
    int status = pcm_family_list_series(store, family, nullptr, 0, &count);
    std::vector<pcm_series_id> series(count);
    if (status == PCM_OK)
        status = pcm_family_list_series(store, family, series.data(), series.size(), &count);
    if (status != PCM_OK)
        ThrowStatus(env, status);
    if (count < series.size())
        series.resize(count);
    return ToArray(env, series);
}

/* Does something that only wants an id, of a series or of a family. */
void NativeStore::Apply(const Napi::CallbackInfo &info, int (*action)(pcm_store *, uint64_t)) {
    const uint64_t id = RequireId(info[0]);
    pcm_store *store = RequireOpen(info.Env());
    errno = 0;
    const int status = action(store, id);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
}

void NativeStore::ResetSeries(const Napi::CallbackInfo &info) {
    Apply(info, pcm_series_reset);
}

void NativeStore::ResetFamily(const Napi::CallbackInfo &info) {
    Apply(info, pcm_family_reset);
}

void NativeStore::RemoveSeries(const Napi::CallbackInfo &info) {
    Apply(info, pcm_series_remove);
}

void NativeStore::RemoveFamily(const Napi::CallbackInfo &info) {
    Apply(info, pcm_family_remove_all);
}

/* A timer calls this, which has nobody to tell of an error: what stays is removed by the next call. */
void NativeStore::RemoveOrphans(const Napi::CallbackInfo &info) {
    pcm_store_remove_orphans(RequireOpen(info.Env()));
}

/* What was removed as an array, true for everything, undefined for no change at all. */
Napi::Value NativeStore::Look(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    RequireOpen(env);
    const pcm_series_id *removed;
    size_t count;
    bool all;
    if (!attachment_->Look(&removed, &count, &all))
        return env.Undefined();
    if (all)
        return Napi::Boolean::New(env, true);
    Napi::Array list = Napi::Array::New(env, count);
    for (size_t i = 0; i < count; i++)
        list.Set(static_cast<uint32_t>(i), ToNumber(env, removed[i]));
    return list;
}

void NativeStore::MoveOn(const Napi::CallbackInfo &info) {
    RequireOpen(info.Env());
    attachment_->MoveOn();
}

Napi::Value NativeStore::Cell(const Napi::CallbackInfo &info) {
    const pcm_series_id series = RequireId(info[0]);
    pcm_store *store = RequireOpen(info.Env());
    uint32_t cell;
    errno = 0;
    const int status = pcm_series_cell(store, series, &cell);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
    return ToNumber(info.Env(), cell);
}

Napi::Value NativeStore::BindHistogram(const Napi::CallbackInfo &info) {
    const pcm_series_id series = RequireId(info[0]);
    RequireOpen(info.Env());
    uint32_t index;
    const int status = attachment_->BindHistogram(series, &index);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status);
    return ToNumber(info.Env(), index);
}

void NativeStore::AddFraction(const Napi::CallbackInfo &info) {
    const pcm_series_id series = RequireId(info[0]);
    if (!info[1].IsNumber())
        ThrowArgument(info.Env(), "amount must be a number");
    const double amount = info[1].As<Napi::Number>().DoubleValue();
    pcm_store *store = RequireOpen(info.Env());
    errno = 0;
    const int status = pcm_series_add_double(store, series, amount);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
}

void NativeStore::SetGauges(const Napi::CallbackInfo &info) {
    const std::vector<pcm_series_id> series = RequireIds(info[0]);
    const std::vector<double> values = RequireNumbers(info[1], series.size());
    pcm_store *store = RequireOpen(info.Env());
    errno = 0;
    const int status = pcm_gauge_set_all(store, series.data(), values.data(), static_cast<uint32_t>(series.size()));
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
}

Napi::Value NativeStore::KeepExemplars(const Napi::CallbackInfo &info) {
    const pcm_series_id series = RequireId(info[0]);
    pcm_store *store = RequireOpen(info.Env());
    uint32_t life;
    errno = 0;
    const int status = pcm_series_keep_exemplars(store, series, &life);
    if (status != PCM_OK)
        ThrowStatus(info.Env(), status, errno);
    return ToNumber(info.Env(), life);
}

/* What is dropped for other reasons than the labels is of no account. */
Napi::Value NativeStore::PutExemplar(const Napi::CallbackInfo &info) {
    const pcm_series_id series = RequireId(info[0]);
    const uint32_t life = OptionalCount(info[1]);
    if (!info[2].IsNumber())
        ThrowArgument(info.Env(), "value must be a number");
    const double value = info[2].As<Napi::Number>().DoubleValue();
    const StringList names(info[3], "names must be an array of strings");
    const StringList values(info[4], "values must be an array of strings");
    if (names.size() != values.size())
        ThrowArgument(info.Env(), "there must be a value for each name");
    pcm_store *store = RequireOpen(info.Env());
    const int status = pcm_exemplar_put(store, series, life, value, names.views(), values.views(), names.size());
    return Napi::Boolean::New(info.Env(), status != PCM_ARGUMENT);
}

Napi::Value NativeStore::Render(const Napi::CallbackInfo &info) {
    const Format format = OptionalFormat(info[0]);
    NameFilter filter = OptionalFilter(info[1]);
    const napi_value memory = info[2].IsArrayBuffer() ? static_cast<napi_value>(info[2]) : nullptr;
    RequireOpen(info.Env());
    /* Where it cannot start, an exception is pending. */
    return Napi::Value(info.Env(),
                       RenderJob::Start(info.Env(), attachment_->lease(), format, std::move(filter), memory));
}

const pcm_reader *NativeStore::RequireReader(Napi::Env env) {
    RequireOpen(env);
    pcm_reader *reader;
    errno = 0;
    const int status = attachment_->Read(&reader);
    if (status != PCM_OK)
        ThrowStatus(env, status, errno);
    return reader;
}

Napi::Value NativeStore::Snapshot(const Napi::CallbackInfo &info) {
    const pcm_reader *reader = RequireReader(info.Env());
    return pcm::Snapshot(info.Env(), reader, info[0].ToBoolean(), info[1].ToBoolean());
}

Napi::Value NativeStore::ExposedNames(const Napi::CallbackInfo &info) {
    const Format format = OptionalFormat(info[0]);
    return pcm::ExposedNames(info.Env(), RequireReader(info.Env()), format);
}

Napi::Value NativeStore::Lanes(const Napi::CallbackInfo &info) {
    const bool all = info[0].IsUndefined();
    const std::string name = all ? "" : RequireString(info[0], "name must be a string");
    pcm_store *store = RequireOpen(info.Env());
    return pcm::Lanes(info.Env(), store, RequireReader(info.Env()), all ? nullptr : &name);
}

} // namespace pcm
