/*
 * `NativeStore` of src/binding.ts: one attachment of one JavaScript thread. The methods unpack their arguments, call
 * the core and turn its statuses into errors, nothing else. Made by open() of the addon only.
 */
#ifndef PCM_ADDON_NATIVE_STORE_H_
#define PCM_ADDON_NATIVE_STORE_H_

#include <memory>
#include <string>

#include <napi.h>

#include "attachment.h"

namespace pcm {

class NativeStore : public Napi::ObjectWrap<NativeStore> {
  public:
    /*
     * The constructor takes the attachment out of `pending`, which outlives the class, and throws where there is none:
     * so JavaScript cannot make a store by `new store.constructor()`.
     */
    static Napi::Function DefineClass(Napi::Env env, std::shared_ptr<Attachment> *pending);
    explicit NativeStore(const Napi::CallbackInfo &info);

  private:
    Napi::Value Path(const Napi::CallbackInfo &info);
    void Close(const Napi::CallbackInfo &info);
    void Unlink(const Napi::CallbackInfo &info);
    Napi::Value Info(const Napi::CallbackInfo &info);
    Napi::Value Broken(const Napi::CallbackInfo &info);
    Napi::Value Mode(const Napi::CallbackInfo &info);
    Napi::Value Processes(const Napi::CallbackInfo &info);
    Napi::Value Activity(const Napi::CallbackInfo &info);
    Napi::Value Declare(const Napi::CallbackInfo &info);
    Napi::Value Find(const Napi::CallbackInfo &info);
    Napi::Value Bind(const Napi::CallbackInfo &info);
    Napi::Value BindAll(const Napi::CallbackInfo &info);
    Napi::Value FindSeries(const Napi::CallbackInfo &info);
    Napi::Value LabelValues(const Napi::CallbackInfo &info);
    Napi::Value SeriesOf(const Napi::CallbackInfo &info);
    void ResetSeries(const Napi::CallbackInfo &info);
    void ResetFamily(const Napi::CallbackInfo &info);
    void RemoveSeries(const Napi::CallbackInfo &info);
    void RemoveFamily(const Napi::CallbackInfo &info);
    void RemoveOrphans(const Napi::CallbackInfo &info);
    Napi::Value Look(const Napi::CallbackInfo &info);
    void MoveOn(const Napi::CallbackInfo &info);
    Napi::Value Cell(const Napi::CallbackInfo &info);
    Napi::Value BindHistogram(const Napi::CallbackInfo &info);
    void AddFraction(const Napi::CallbackInfo &info);
    void SetGauges(const Napi::CallbackInfo &info);
    Napi::Value KeepExemplars(const Napi::CallbackInfo &info);
    Napi::Value PutExemplar(const Napi::CallbackInfo &info);
    Napi::Value Render(const Napi::CallbackInfo &info);
    Napi::Value Snapshot(const Napi::CallbackInfo &info);
    Napi::Value ExposedNames(const Napi::CallbackInfo &info);
    Napi::Value Lanes(const Napi::CallbackInfo &info);

    void Apply(const Napi::CallbackInfo &info, int (*action)(pcm_store *, uint64_t));
    /* The open store, or ERR_PCM_CLOSED. */
    pcm_store *RequireOpen(Napi::Env env) const;
    /* What it holds now. Throws Napi::Error. */
    const pcm_reader *RequireReader(Napi::Env env);

    std::shared_ptr<Attachment> attachment_;
    std::string path_;
};

} // namespace pcm

#endif
