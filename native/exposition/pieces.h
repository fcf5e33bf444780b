/*
 * Bytes that stay the same, with places for values in between: one arena, and the length of the piece that goes before
 * each value. A PieceWriter walks it from front to back. The bytes behind the last value are written by Finish, so that
 * whatever follows a value (a line feed, lines without a value) is just the front of the next piece.
 */
#ifndef PCM_EXPOSITION_PIECES_H_
#define PCM_EXPOSITION_PIECES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "number-format.h"

namespace pcm {

class Pieces {
  public:
    /* What is rendered next is appended here. */
    std::string &bytes() noexcept {
        return bytes_;
    }
    /* A value follows what was appended since the last one. May throw std::bad_alloc. */
    void MarkValue() {
        sizes_.push_back(static_cast<uint32_t>(bytes_.size() - marked_));
        marked_ = bytes_.size();
    }
    size_t size() const noexcept {
        return bytes_.size();
    }
    size_t value_count() const noexcept {
        return sizes_.size();
    }

  private:
    friend class PieceWriter;
    std::string bytes_;
    std::vector<uint32_t> sizes_;
    size_t marked_ = 0;
};

class PieceWriter {
  public:
    PieceWriter(const Pieces &pieces, char *to) noexcept
        : from_(pieces.bytes_.data()), end_(from_ + pieces.bytes_.size()), size_(pieces.sizes_.data()), to_(to) {}

    void Integer(int64_t value) noexcept {
        CopyPiece();
        to_ = FormatInteger(to_, value);
    }
    void Real(double value) noexcept {
        CopyPiece();
        to_ = FormatReal(to_, value);
    }
    /* What stands behind a value this once. */
    void Text(const std::string &text) noexcept {
        to_ += text.copy(to_, text.size());
    }
    /* A double as its eight bytes, the lowest first. */
    void Fixed(double value) noexcept {
        CopyPiece();
        std::memcpy(to_, &value, sizeof value);
        to_ += sizeof value;
    }
    /* Writes what is left, and gives the end of it all. */
    char *Finish() noexcept {
        const auto left = static_cast<size_t>(end_ - from_);
        std::memcpy(to_, from_, left);
        return to_ + left;
    }

  private:
    /*
     * In blocks, as a piece is too short for a call of memcpy to be worth it. What a block has too much of is still in
     * the pieces to come, for which there is room, and is overwritten by the value.
     */
    void CopyPiece() noexcept {
        constexpr size_t kBlock = 16;
        const size_t size = *size_++;
        const auto left = static_cast<size_t>(end_ - from_);
        if (size + kBlock <= left) {
            for (size_t at = 0; at < size; at += kBlock)
                std::memcpy(to_ + at, from_ + at, kBlock);
        } else {
            std::memcpy(to_, from_, size);
        }
        to_ += size;
        from_ += size;
    }

    const char *from_;
    const char *end_;
    const uint32_t *size_;
    char *to_;
};

} // namespace pcm

#endif
