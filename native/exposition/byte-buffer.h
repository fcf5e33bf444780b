/*
 * A growable run of bytes from malloc, so that it can be handed to others who free() it, or in memory that others lend
 * for as long as it suffices. Whoever writes reserves the most that it can need, writes through end() without further
 * checks, and commits with set_end(): the memory that was reserved and not written is never touched and so costs no
 * page.
 */
#ifndef PCM_EXPOSITION_BYTE_BUFFER_H_
#define PCM_EXPOSITION_BYTE_BUFFER_H_

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace pcm {

class ByteBuffer {
  public:
    ByteBuffer() = default;
    /* Begins in memory of somebody else, who keeps it until the buffer is gone. */
    ByteBuffer(char *lent, size_t capacity) noexcept : data_(lent), capacity_(capacity), is_lent_(true) {}
    ~ByteBuffer() {
        if (!is_lent_)
            std::free(data_);
    }
    ByteBuffer(const ByteBuffer &) = delete;
    ByteBuffer &operator=(const ByteBuffer &) = delete;

    /* Makes room for `more` bytes behind those that are there; false, and nothing changed, where there is none. */
    bool Reserve(size_t more) noexcept {
        if (more <= capacity_ - size_)
            return true;
        const size_t wanted = size_ + more;
        if (wanted < size_)
            return false;
        char *grown = static_cast<char *>(is_lent_ ? std::malloc(wanted) : std::realloc(data_, wanted));
        if (grown == nullptr)
            return false;
        if (is_lent_ && size_ > 0)
            std::memcpy(grown, data_, size_);
        data_ = grown;
        capacity_ = wanted;
        is_lent_ = false;
        return true;
    }

    /* Whether the bytes are still in the memory that was lent. */
    bool is_lent() const noexcept {
        return is_lent_;
    }

    const char *data() const noexcept {
        return data_;
    }
    size_t size() const noexcept {
        return size_;
    }
    size_t capacity() const noexcept {
        return capacity_;
    }
    char *end() noexcept {
        return data_ + size_;
    }
    void set_end(const char *end) noexcept {
        size_ = static_cast<size_t>(end - data_);
    }

    /* Gives its own memory away, to be freed with free(); null where nothing was ever reserved. It is empty then. */
    char *Release() noexcept {
        char *data = data_;
        data_ = nullptr;
        size_ = capacity_ = 0;
        return data;
    }

  private:
    char *data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
    bool is_lent_ = false;
};

} // namespace pcm

#endif
