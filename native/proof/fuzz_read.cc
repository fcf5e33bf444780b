/* Reading and rendering any store; see fuzz_calls.h. */
#include "fuzz_calls.h"

#include <memory>
#include <vector>

#include "byte-buffer.h"
#include "renderer.h"

namespace fuzz {

namespace {

bool IsWithin(const pcm_bytes &text, const char *start, size_t size) {
    return text.data >= start && text.size <= size && static_cast<size_t>(text.data - start) <= size - text.size;
}

void ReadExemplars(const pcm_reader *reader, uint32_t series, uint32_t buckets) {
    pcm_exemplar exemplar;
    if (!pcm_reader_has_exemplars(reader, series))
        return;
    for (uint32_t bucket = 0; bucket < buckets; bucket++) {
        if (pcm_reader_exemplar(reader, series, bucket, &exemplar) != PCM_OK)
            continue;
        Require(exemplar.label_count <= PCM_MAX_EXEMPLAR_LABELS, "more labels than an exemplar can have");
        for (uint32_t label = 0; label < exemplar.label_count; label++)
            Require(IsWithin(exemplar.names[label], exemplar.text, sizeof exemplar.text) &&
                        IsWithin(exemplar.values[label], exemplar.text, sizeof exemplar.text),
                    "a label of an exemplar is out of its bounds");
    }
}

/* What a snapshot in JSON is made of. */
void ReadBuckets(const pcm_reader *reader, uint32_t series, const pcm_family_definition &family) {
    std::vector<int64_t> counts(pcm_definition_bucket_count(&family));
    double sum;
    pcm_exponential shape;
    if (counts.empty() || pcm_reader_histogram(reader, series, counts.data(), &sum) != PCM_OK ||
        family.type == PCM_HISTOGRAM)
        return;
    pcm_definition_exponential(&family, &shape);
    for (uint32_t cell = 0; cell < counts.size(); cell++)
        pcm_exponential_cell_range(&shape, cell);
    for (uint32_t i = 2; i < family.bound_count; i++)
        pcm_exponential_quantile(&shape, counts.data(), family.bounds[i]);
}

void ReadLabels(const pcm_reader *reader, uint32_t series, uint32_t count) {
    for (uint32_t label = 0; label < count; label++) {
        const pcm_bytes value = pcm_reader_label_value(reader, series, label);
        /* Touches every byte. */
        Require(value.size <= PCM_MAX_STRING && std::string(value.data, value.size).size() == value.size, "label");
    }
}

void Render(pcm::Renderer *renderer, pcm::Format format) {
    pcm::ByteBuffer buffer;
    const int status = renderer->Render(format, {}, &buffer);
    Require(status == PCM_OK || buffer.size() == 0, "a part of a scrape");
}

/* In as many formats as are kept, so that they are taken up again. */
void RenderSome(pcm::Renderer *renderer) {
    Render(renderer, {pcm::Syntax::kText, pcm::Escaping::kUnderscores});
    Render(renderer, {pcm::Syntax::kText, pcm::Escaping::kAllowUtf8});
    Render(renderer, {pcm::Syntax::kOpenMetrics, pcm::Escaping::kValues});
    Render(renderer, {pcm::Syntax::kProtobuf, pcm::Escaping::kDots});
}

void RenderOthers(pcm::Renderer *renderer) {
    Render(renderer, {pcm::Syntax::kText, pcm::Escaping::kDots});
    Render(renderer, {pcm::Syntax::kOpenMetrics, pcm::Escaping::kAllowUtf8});
    Render(renderer, {pcm::Syntax::kProtobuf, pcm::Escaping::kUnderscores});
}

} // namespace

void Describe(pcm_store *store) {
    static pcm_process processes[PCM_MAX_PROCESSES];
    pcm_store_info info;
    pcm_activity activity;
    size_t count;
    pcm_store_get_info(store, &info);
    Require(info.cells_used <= info.capacity, "more cells in use than there are");
    Require(info.catalog_bytes <= info.catalog_capacity, "more of the catalog in use than there is");
    pcm_store_list_processes(store, processes, PCM_MAX_PROCESSES, &count);
    std::vector<uint64_t> lanes(info.lanes + info.atomic_lanes);
    pcm_store_get_activity(store, &activity, lanes.data(), lanes.size());
}

void ReadValues(pcm_reader *reader) {
    if (pcm_reader_refresh(reader) != PCM_OK)
        return;
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        const pcm_series_view view = pcm_reader_series(reader, i);
        const pcm_family_definition &family = *pcm_reader_family(reader, view.family);
        pcm_number number;
        std::vector<pcm_number> lanes(16);
        pcm_reader_value(reader, i, &number);
        pcm_reader_lanes(reader, i, lanes.data(), lanes.size());
        ReadBuckets(reader, i, family);
        ReadExemplars(reader, i, pcm_definition_bucket_count(&family) + 1);
        ReadLabels(reader, i, view.label_count);
        pcm_reader_is_current(reader, i);
    }
}

void Read(const std::string &path, File *file, Input *input) {
    pcm_store *store;
    pcm_reader *reader;
    std::unique_ptr<pcm::Renderer> renderer;
    uint32_t found;
    uint32_t wanted;
    pcm_open_options options{};
    options.path = path.c_str();
    options.read_only = true;
    pcm_store_format_versions(options.path, &found, &wanted);
    if (pcm_store_open(&options, &store) != PCM_OK)
        return;
    Require(pcm_reader_create(store, &reader) == PCM_OK, "reader");
    Require(pcm::Renderer::Create(store, &renderer) == PCM_OK, "renderer");
    file->Change(input);
    for (int round = 0; round < 3; round++) {
        Describe(store);
        ReadValues(reader);
        RenderSome(renderer.get());
        file->Change(input);
    }
    ReadValues(reader);
    RenderOthers(renderer.get());
    renderer.reset();
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

} // namespace fuzz
