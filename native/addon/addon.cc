/*
 * The module: `NativeAddon` of src/binding.ts. Context-aware: every environment (the main thread, each Worker) has an
 * Addon of its own and shares nothing with the others but what the process has once, the stores of the core, their
 * renderers and the default path.
 */
#include <cerrno>
#include <memory>
#include <string>

#include <napi.h>

#include "attachment.h"
#include "default-path.h"
#include "errors.h"
#include "native-store.h"
#include "store-lease.h"
#include "values.h"

namespace pcm {

class Addon : public Napi::Addon<Addon> {
  public:
    Addon(Napi::Env env, Napi::Object exports) {
        store_class_ = Napi::Persistent(NativeStore::DefineClass(env, &pending_));
        DefineAddon(exports, {
                                 InstanceMethod<&Addon::Open>("open", napi_enumerable),
                                 InstanceMethod<&Addon::Sweep>("sweep", napi_enumerable),
                                 InstanceMethod<&Addon::GetDefaultPath>("getDefaultPath", napi_enumerable),
                                 InstanceMethod<&Addon::SetDefaultPath>("setDefaultPath", napi_enumerable),
                                 InstanceMethod<&Addon::KeepSigbus>("keepSigbus", napi_enumerable),
                             });
    }

  private:
    Napi::Value Open(const Napi::CallbackInfo &info) {
        const Napi::Env env = info.Env();
        const OpenArgument options(info[0]);
        std::shared_ptr<StoreLease> lease;
        errno = 0;
        const int status = StoreLease::Open(options.view(), &lease);
        if (status == PCM_VERSION)
            ThrowVersion(env, options.view().path);
        if (status != PCM_OK)
            ThrowStatus(env, status, errno);
        /* Registers the thread now and not at its first increment. */
        pcm_mode mode;
        pcm_thread_get_mode(lease->store(), &mode);
        pending_ = Attach(env, std::move(lease));
        return store_class_.New({});
    }

    static std::shared_ptr<Attachment> Attach(Napi::Env env, std::shared_ptr<StoreLease> lease) {
        pcm_holder *holder = nullptr;
        errno = 0;
        const int status = pcm_holder_create(lease->store(), &holder);
        if (status != PCM_OK && status != PCM_READ_ONLY)
            ThrowStatus(env, status, errno);
        try {
            return std::make_shared<Attachment>(env, lease, holder);
        } catch (...) {
            pcm_holder_destroy(holder);
            throw;
        }
    }

    Napi::Value Sweep(const Napi::CallbackInfo &info) {
        const std::string directory = RequirePath(info[0]);
        uint32_t removed = 0;
        errno = 0;
        const int status = pcm_store_sweep(directory.c_str(), &removed);
        if (status != PCM_OK)
            ThrowStatus(info.Env(), status, errno);
        return ToNumber(info.Env(), removed);
    }

    Napi::Value GetDefaultPath(const Napi::CallbackInfo &info) {
        return Napi::String::New(info.Env(), pcm::GetDefaultPath());
    }

    Napi::Value SetDefaultPath(const Napi::CallbackInfo &info) {
        return Napi::String::New(info.Env(), pcm::SetDefaultPath(RequirePath(info[0])));
    }

    void KeepSigbus(const Napi::CallbackInfo & /*info*/) {
        /* Where it cannot be put back there is nobody to tell: whoever listens has asked for something else. */
        pcm_sigbus_keep();
    }

    Napi::FunctionReference store_class_;
    std::shared_ptr<Attachment> pending_; /* from open() to the constructor of the store */
};

NODE_API_NAMED_ADDON(percpu_metrics, Addon)

} // namespace pcm
