/*
 * A store in a temporary directory for a test, and short names for what the tests do with it. The directory is removed
 * with the object.
 */
#ifndef PCM_TEST_EXPOSITION_STORE_H_
#define PCM_TEST_EXPOSITION_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "percpu_metrics.h"
#include "renderer.h"

namespace pcm_test {

constexpr pcm::Format kText{pcm::Syntax::kText, pcm::Escaping::kUnderscores};
constexpr pcm::Format kText100{pcm::Syntax::kText, pcm::Escaping::kAllowUtf8};
constexpr pcm::Format kOpenMetrics{pcm::Syntax::kOpenMetrics, pcm::Escaping::kAllowUtf8};
constexpr pcm::Format kProtobuf{pcm::Syntax::kProtobuf, pcm::Escaping::kAllowUtf8};

struct Definition {
    pcm_type type;
    std::string name;
    std::string help;
    std::vector<std::string> label_names;
    std::vector<double> bounds;
    std::string unit = {};
};

class TemporaryStore {
  public:
    explicit TemporaryStore(uint64_t capacity = 0);
    ~TemporaryStore();
    TemporaryStore(const TemporaryStore &) = delete;
    TemporaryStore &operator=(const TemporaryStore &) = delete;

    pcm_store *get() const {
        return store_;
    }
    const std::string &path() const {
        return path_;
    }

    pcm_family_id Declare(const Definition &definition);
    pcm_series_id Bind(pcm_family_id family, const std::vector<std::string> &values = {});
    void Add(pcm_series_id series, int64_t amount);
    void AddDouble(pcm_series_id series, double amount);
    void Set(pcm_series_id series, double value);
    void Observe(pcm_series_id series, double value);

    /* One scrape with the renderer that is kept from scrape to scrape. */
    std::string Render(pcm::Format format = kText, const pcm::NameFilter &filter = {});

  private:
    std::string directory_;
    std::string path_;
    pcm_store *store_ = nullptr;
    std::unique_ptr<pcm::Renderer> renderer_;
};

} // namespace pcm_test

#endif
