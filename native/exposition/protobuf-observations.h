/*
 * Families whose series have buckets, as messages. Counts are varints, so that lengths change with them: room for the
 * longest is left in front of what is written, and what is too much of it is closed behind.
 */
#ifndef PCM_EXPOSITION_PROTOBUF_OBSERVATIONS_H_
#define PCM_EXPOSITION_PROTOBUF_OBSERVATIONS_H_

#include <string>
#include <vector>

#include "protobuf-family.h"

namespace pcm {

class ProtobufObservations : public ProtobufFamily {
  public:
    int AddSeries(const pcm_reader *reader, uint32_t series, size_t room) final;
    size_t max_size() const noexcept final {
        return max_size_;
    }
    size_t TakeInExemplars(const pcm_reader *reader) final;
    int Render(const pcm_reader *reader, char **out) const noexcept final;

  protected:
    /* Values of a series: buckets, each by itself, their sum, and the sum of what was observed. */
    struct Observations {
        const int64_t *buckets;
        uint64_t count;
        double sum;
        ExemplarCursor *exemplars;
    };

    ProtobufObservations(const pcm_family_definition &definition, const FamilyNames &names, Type type);

    /* For those that may have exemplars: their number, and how one is written. */
    virtual uint32_t exemplar_count() const noexcept {
        return 0;
    }
    virtual ExemplarList::Format exemplar_format() const noexcept {
        return nullptr;
    }
    /* The most that WriteValue writes, but for exemplars. */
    virtual size_t max_value_size() const noexcept = 0;
    /* Writes the fields of the histogram or summary but its creation, and gives their end. */
    virtual char *WriteValue(char *to, const Observations &observations) const noexcept = 0;

  private:
    struct Series {
        uint32_t index;
        std::string labels;
        std::string created;
    };
    size_t MaxMetricSize(size_t labels) const noexcept;
    char *WriteMetric(char *to, const Series &series, const Observations &observations) const noexcept;

    bool is_summary_;
    uint32_t bucket_count_;
    std::vector<Series> series_;
    ExemplarList exemplars_;
    size_t max_size_;
};

class ProtobufHistograms final : public ProtobufObservations {
  public:
    ProtobufHistograms(const pcm_family_definition &definition, const FamilyNames &names);

  protected:
    uint32_t exemplar_count() const noexcept override {
        return static_cast<uint32_t>(bounds_.size()) + 1; /* with the one of +Inf */
    }
    ExemplarList::Format exemplar_format() const noexcept override;
    size_t max_value_size() const noexcept override;
    char *WriteValue(char *to, const Observations &observations) const noexcept override;

  private:
    std::vector<double> bounds_;
};

class ProtobufNativeHistograms final : public ProtobufObservations {
  public:
    ProtobufNativeHistograms(const pcm_family_definition &definition, const FamilyNames &names);

  protected:
    uint32_t exemplar_count() const noexcept override {
        return PCM_NATIVE_EXEMPLARS;
    }
    ExemplarList::Format exemplar_format() const noexcept override;
    size_t max_value_size() const noexcept override;
    char *WriteValue(char *to, const Observations &observations) const noexcept override;

  private:
    pcm_exponential shape_{};
};

class ProtobufSummaries final : public ProtobufObservations {
  public:
    ProtobufSummaries(const pcm_family_definition &definition, const FamilyNames &names);

  protected:
    size_t max_value_size() const noexcept override;
    char *WriteValue(char *to, const Observations &observations) const noexcept override;

  private:
    pcm_exponential shape_{};
    std::vector<double> quantiles_;
};

} // namespace pcm

#endif
