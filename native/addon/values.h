/*
 * Values between JavaScript and the core: names of kinds, strings, definitions. What comes from JavaScript is checked
 * for its type only, and a wrong one throws ERR_PCM_ARGUMENT; `src/` checks what it means.
 */
#ifndef PCM_ADDON_VALUES_H_
#define PCM_ADDON_VALUES_H_

#include <deque>
#include <string>
#include <vector>

#include <napi.h>

#include "percpu_metrics.h"

namespace pcm {

const char *BackendName(pcm_backend backend) noexcept;
const char *RegistrationName(pcm_registration registration) noexcept;
const char *TypeName(pcm_type type) noexcept;

/* Bytes of a store as a string; what is no UTF-8 becomes U+FFFD. */
Napi::String ToString(Napi::Env env, pcm_bytes bytes);

/* The exact integer where it is below 2^53, else the nearest double. */
inline Napi::Number ToNumber(Napi::Env env, uint64_t value) {
    return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Object ToObject(Napi::Env env, const pcm_family_definition &definition);
Napi::Object ToObject(Napi::Env env, const pcm_store_info &info);
Napi::Object ToObject(Napi::Env env, const pcm_mode &mode);
Napi::Object ToObject(Napi::Env env, const pcm_process &process);

std::string RequireString(Napi::Value value, const char *message);

/* A string without NUL, which the system would take for its end. */
std::string RequirePath(Napi::Value value);

/* A safe integer from 0 on: the id of a family or a series. */
uint64_t RequireId(Napi::Value value);

/* An array of such ids. */
std::vector<uint64_t> RequireIds(Napi::Value value);

/* An array of so many numbers. */
std::vector<double> RequireNumbers(Napi::Value value, size_t count);

/* A count from 0 to 2^32 - 1; 0 for undefined. */
uint32_t OptionalCount(Napi::Value value);

inline pcm_bytes ToBytes(const std::string &text) noexcept {
    return {text.data(), text.size()};
}

/* Strings of a JavaScript array, and views of them as the core takes them. */
class StringList {
  public:
    StringList(Napi::Value value, const char *message);
    StringList(const StringList &) = delete;
    StringList &operator=(const StringList &) = delete;

    const pcm_bytes *views() const noexcept {
        return views_.data();
    }
    uint32_t size() const noexcept {
        return static_cast<uint32_t>(views_.size());
    }

  private:
    std::vector<std::string> texts_;
    std::vector<pcm_bytes> views_;
};

/* Series of several families: ids, label values, and cells as the numbers 0 to 3 (1: integers, 2: fractions). */
class SeriesRequests {
  public:
    SeriesRequests(Napi::Value families, Napi::Value values, Napi::Value cells, Napi::Value limits);

    const pcm_series_request *views() const noexcept {
        return views_.data();
    }
    uint32_t size() const noexcept {
        return static_cast<uint32_t>(views_.size());
    }

  private:
    std::deque<StringList> values_; /* which never move */
    std::vector<pcm_series_request> views_;
};

/* A family's definition from JavaScript; the view lives as long as this. */
class FamilyArgument {
  public:
    explicit FamilyArgument(Napi::Value value);

    pcm_family_definition view() const noexcept;

  private:
    explicit FamilyArgument(Napi::Object object);
    void TakeExponential(Napi::Object object);

    pcm_type type_;
    std::string name_;
    std::string help_;
    std::string unit_;
    StringList label_names_;
    std::vector<double> bounds_;
    int32_t schema_ = 0;
    bool negative_ = false;
    bool per_process_ = false;
    pcm_aggregation aggregation_ = PCM_AGGREGATION_NONE;
};

/* What open() is given; the view lives as long as this. */
class OpenArgument {
  public:
    explicit OpenArgument(Napi::Value value);

    const pcm_open_options &view() const noexcept {
        return options_;
    }

  private:
    std::string path_;
    pcm_open_options options_{};
};

} // namespace pcm

#endif
