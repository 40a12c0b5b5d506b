#include "git/subtransport.hpp"

namespace mybuild::git {

/// libgit2's handle of a stream; it frees it.
struct Subtransport::BoxedStream : git_smart_subtransport_stream {
    Subtransport& owner;
    Boxed& box;
    std::unique_ptr<Stream> stream;

    BoxedStream(Subtransport& of, Boxed& in, std::unique_ptr<Stream> taken);

    static BoxedStream& of(git_smart_subtransport_stream* stream) {
        return *static_cast<BoxedStream*>(stream);
    }
    static int on_read(git_smart_subtransport_stream* self, char* buffer, std::size_t size,
                       std::size_t* got) {
        auto& boxed = of(self);
        auto count = boxed.stream->read({buffer, size});
        if (!count) return boxed.owner.failed(std::move(count).error());
        *got = *count;
        return 0;
    }
    static int on_write(git_smart_subtransport_stream* self, const char* buffer, std::size_t size) {
        auto& boxed = of(self);
        auto written = boxed.stream->write({buffer, size});
        return written ? 0 : boxed.owner.failed(std::move(written).error());
    }
    static void on_free(git_smart_subtransport_stream* self);
};

/// libgit2's handle of the connection; it frees it.
struct Subtransport::Boxed : git_smart_subtransport {
    Subtransport& owner;
    BoxedStream* current = nullptr; ///< libgit2's

    explicit Boxed(Subtransport& of) : git_smart_subtransport{}, owner(of) {
        action = &Boxed::on_action;
        close = [](git_smart_subtransport*) { return 0; };
        free = [](git_smart_subtransport* self) { delete static_cast<Boxed*>(self); };
    }
    static int on_action(git_smart_subtransport_stream** out, git_smart_subtransport* self,
                         const char* /*url*/, git_smart_service_t wanted) {
        auto& boxed = *static_cast<Boxed*>(self);
        auto& owner = boxed.owner;
        if (wanted != GIT_SERVICE_UPLOADPACK_LS && wanted != GIT_SERVICE_UPLOADPACK)
            return owner.failed({ErrorCode::internal, "git: nothing is ever pushed"});
        if (!owner.m_connection.is_stateless() && boxed.current != nullptr) {
            *out = boxed.current;
            return 0;
        }
        auto stream = owner.m_connection.open(wanted == GIT_SERVICE_UPLOADPACK_LS ? Service::list
                                                                                  : Service::fetch);
        if (!stream) return owner.failed(std::move(stream).error());
        boxed.current = new BoxedStream(owner, boxed, *std::move(stream));
        *out = boxed.current;
        return 0;
    }
};

Subtransport::BoxedStream::BoxedStream(Subtransport& of, Boxed& in, std::unique_ptr<Stream> taken)
    : git_smart_subtransport_stream{}, owner(of), box(in), stream(std::move(taken)) {
    subtransport = &in;
    read = &BoxedStream::on_read;
    write = &BoxedStream::on_write;
    free = &BoxedStream::on_free;
}

void Subtransport::BoxedStream::on_free(git_smart_subtransport_stream* self) {
    auto& boxed = of(self);
    if (boxed.box.current == &boxed) boxed.box.current = nullptr;
    delete &boxed;
}

Subtransport::Subtransport(const Library& library, Connection& connection, std::stop_token stop)
    : m_library(library), m_connection(connection), m_stop(std::move(stop)) {
    m_definition.callback = &Subtransport::make_subtransport;
    m_definition.rpc = connection.is_stateless() ? 1 : 0;
    m_definition.param = this;
}

git_remote_callbacks Subtransport::callbacks() {
    git_remote_callbacks callbacks{};
    m_library.remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
    callbacks.payload = this;
    callbacks.transport = &Subtransport::make_transport;
    callbacks.transfer_progress = &Subtransport::on_progress;
    callbacks.sideband_progress = &Subtransport::on_message;
    return callbacks;
}

Error Subtransport::error(std::string_view what) {
    if (m_error) {
        auto error = *std::move(m_error);
        m_error.reset();
        return error;
    }
    if (m_stop.stop_requested()) return {ErrorCode::cancelled, "the fetch was stopped"};
    auto error = last_error(m_library, what);
    error.code = ErrorCode::network;
    return error;
}

int Subtransport::make_transport(git_transport** out, git_remote* owner, void* self) {
    auto& subtransport = *static_cast<Subtransport*>(self);
    return subtransport.m_library.transport_smart(out, owner, &subtransport.m_definition);
}

int Subtransport::make_subtransport(git_smart_subtransport** out, git_transport* /*owner*/,
                                    void* self) {
    *out = new Boxed(*static_cast<Subtransport*>(self));
    return 0;
}

int Subtransport::on_progress(const git_indexer_progress* /*progress*/, void* self) {
    return static_cast<Subtransport*>(self)->m_stop.stop_requested() ? GIT_EUSER : 0;
}

int Subtransport::on_message(const char* /*text*/, int /*size*/, void* self) {
    return static_cast<Subtransport*>(self)->m_stop.stop_requested() ? GIT_EUSER : 0;
}

int Subtransport::failed(Error error) {
    m_library.error_set_str(GIT_ERROR_NET, error.message.c_str());
    m_error = std::move(error);
    return GIT_EUSER;
}

} // namespace mybuild::git
