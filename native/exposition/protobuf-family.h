/*
 * A family as an io.prometheus.client.MetricFamily behind its length, see
 * https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto. Fields that no reader
 * needs are left out: the bucket of +Inf, whose count is sample_count. A family without series is left out as well, for
 * readers take it for an error.
 */
#ifndef PCM_EXPOSITION_PROTOBUF_FAMILY_H_
#define PCM_EXPOSITION_PROTOBUF_FAMILY_H_

#include <string>
#include <vector>

#include "exemplar-list.h"
#include "family-output.h"
#include "pieces.h"
#include "protobuf-encoding.h"

namespace pcm {

/* What all kinds have in common: the fields of the family, and those of a metric that do not change. */
class ProtobufFamily : public FamilyOutput {
  protected:
    /* Values of MetricType in metrics.proto. */
    enum class Type : uint8_t { kCounter = 0, kGauge = 1, kSummary = 2, kUntyped = 3, kHistogram = 4 };

    ProtobufFamily(const pcm_family_definition &definition, const FamilyNames &names, Type type);

    /* The fields of the family but its metrics. */
    const std::string &heading() const noexcept {
        return heading_;
    }
    /* The label fields of a metric. */
    std::string LabelsOf(const pcm_reader *reader, uint32_t series) const;
    /* More than LabelsOf gives. */
    size_t MaxLabelsSize(const pcm_reader *reader, uint32_t series) const noexcept;
    /* A field that is a Timestamp. */
    static std::string TimestampField(unsigned field, uint64_t milliseconds);
    /* A field that is an Exemplar. */
    template <unsigned field> static std::string ExemplarField(const pcm_exemplar &exemplar) {
        std::string bytes;
        AppendBytesField(&bytes, field, ExemplarMessage(exemplar));
        return bytes;
    }

  private:
    static std::string ExemplarMessage(const pcm_exemplar &exemplar);

    std::string heading_;
    std::vector<std::string> label_names_;
};

/*
 * What has one number: everything but eight bytes of each series stays the same. Where counters have exemplars it is put
 * together anew for the scrape, as lengths in front of them change.
 */
class ProtobufNumbers final : public ProtobufFamily {
  public:
    ProtobufNumbers(const pcm_family_definition &definition, const FamilyNames &names);
    int AddSeries(const pcm_reader *reader, uint32_t series, size_t room) override;
    size_t max_size() const noexcept override {
        return kMaxVarint + body_size();
    }
    size_t TakeInExemplars(const pcm_reader *reader) override;
    int Render(const pcm_reader *reader, char **out) const noexcept override;

  private:
    void PutExemplarsIn();
    static Type TypeOf(pcm_type type) noexcept;
    size_t body_size() const noexcept {
        return pieces_.size() + pieces_.value_count() * sizeof(double);
    }
    /* Without `created`. */
    static void AppendMetric(Pieces *pieces, const std::string &labels, unsigned field, const std::string &rest);

    pcm_type type_;
    Pieces pieces_;
    std::vector<uint32_t> series_;
    ExemplarList exemplars_;
    Pieces with_exemplars_; /* in the place of pieces_, where there are any */
};

} // namespace pcm

#endif
