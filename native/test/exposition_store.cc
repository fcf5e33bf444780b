/*
 * See the header. Every status is checked, so that a test fails where the core does.
 */
#include "exposition_store.h"

#include <cstdlib>
#include <unistd.h>

#include "exposition_check.h"

namespace pcm_test {
namespace {

pcm_bytes Bytes(const std::string &text) {
    return {text.data(), text.size()};
}

std::vector<pcm_bytes> Views(const std::vector<std::string> &texts) {
    std::vector<pcm_bytes> views;
    for (const std::string &text : texts)
        views.push_back(Bytes(text));
    return views;
}

void CheckStatus(const char *what, int status) {
    if (status != PCM_OK)
        Fail(__FILE__, __LINE__, std::string(what) + ": " + pcm_status_name(status));
}

} // namespace

TemporaryStore::TemporaryStore(uint64_t capacity) {
    const char *parent = std::getenv("TMPDIR");
    directory_ = std::string(parent == nullptr ? "/tmp" : parent) + "/pcm-exposition-XXXXXX";
    if (mkdtemp(&directory_[0]) == nullptr)
        Fail(__FILE__, __LINE__, "mkdtemp failed");
    path_ = directory_ + "/store";
    pcm_open_options options{};
    options.path = path_.c_str();
    options.capacity = capacity;
    CheckStatus("open", pcm_store_open(&options, &store_));
    CheckStatus("create", pcm::Renderer::Create(store_, &renderer_));
}

TemporaryStore::~TemporaryStore() {
    renderer_.reset();
    pcm_store_close(store_);
    unlink(path_.c_str());
    rmdir(directory_.c_str());
}

pcm_family_id TemporaryStore::Declare(const Definition &definition) {
    const std::vector<pcm_bytes> label_names = Views(definition.label_names);
    pcm_family_definition view{};
    view.type = definition.type;
    view.name = Bytes(definition.name);
    view.help = Bytes(definition.help);
    view.unit = Bytes(definition.unit);
    view.label_names = label_names.data();
    view.label_count = static_cast<uint32_t>(label_names.size());
    view.bounds = definition.bounds.data();
    view.bound_count = static_cast<uint32_t>(definition.bounds.size());
    pcm_family_id family = 0;
    CheckStatus("declare", pcm_family_declare(store_, &view, &family));
    return family;
}

pcm_series_id TemporaryStore::Bind(pcm_family_id family, const std::vector<std::string> &values) {
    const std::vector<pcm_bytes> views = Views(values);
    pcm_series_id series = 0;
    CheckStatus("bind", pcm_series_bind(store_, family, views.data(), static_cast<uint32_t>(views.size()), &series));
    return series;
}

void TemporaryStore::Add(pcm_series_id series, int64_t amount) {
    uint32_t cell = 0;
    CheckStatus("cell", pcm_series_cell(store_, series, &cell));
    pcm_cell_add(store_, cell, amount);
}

void TemporaryStore::AddDouble(pcm_series_id series, double amount) {
    CheckStatus("add", pcm_series_add_double(store_, series, amount));
}

void TemporaryStore::Set(pcm_series_id series, double value) {
    CheckStatus("set", pcm_gauge_set(store_, series, value));
}

void TemporaryStore::Observe(pcm_series_id series, double value) {
    pcm_histogram histogram{};
    CheckStatus("bind histogram", pcm_histogram_bind(store_, series, &histogram));
    CheckStatus("observe", pcm_histogram_observe(store_, &histogram, value));
}

std::string TemporaryStore::Render(pcm::Format format, const pcm::NameFilter &filter) {
    pcm::ByteBuffer buffer;
    CheckStatus("render", renderer_->Render(format, filter, &buffer));
    return {buffer.data(), buffer.size()};
}

} // namespace pcm_test
