import CSSH

/// What a client asks of a channel, on its way from libssh to the `SessionRequests`.
extension ServerSession {
    func installChannelCallbacks() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        channelCallbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        channelCallbacks.pointee.userdata = me
        channelCallbacks.pointee.channel_pty_request_function = {
            _, handle, type, columns, rows, width, height, context in
            let terminal = TerminalRequest(
                type: type.map { String(cString: $0) } ?? "",
                size: WindowSize(columns, rows, width, height))
            return ServerSession.answer(context, handle) {
                $0.terminalRequested(terminal, on: $1)
            }
        }
        channelCallbacks.pointee.channel_pty_window_change_function = {
            _, handle, columns, rows, width, height, context in
            let size = WindowSize(columns, rows, width, height)
            return ServerSession.answer(context, handle) {
                $0.windowChanged(size, on: $1)
                return true
            }
        }
        channelCallbacks.pointee.channel_exec_request_function = { _, handle, command, context in
            guard let command else { return -1 }
            let words = String(cString: command)
            return ServerSession.answer(context, handle) {
                $0.executionRequested(words, on: $1)
            }
        }
        channelCallbacks.pointee.channel_shell_request_function = { _, handle, context in
            ServerSession.answer(context, handle) { $0.shellRequested(on: $1) }
        }
        channelCallbacks.pointee.channel_subsystem_request_function = {
            _, handle, name, context in
            guard let name else { return 1 }
            let subsystem = String(cString: name)
            return ServerSession.answer(context, handle) {
                $0.subsystemRequested(subsystem, on: $1)
            }
        }
        channelCallbacks.pointee.channel_signal_function = { _, handle, name, context in
            guard let name else { return }
            let signal = String(cString: name)
            _ = ServerSession.answer(context, handle) {
                $0.signalRequested(signal, on: $1)
                return true
            }
        }
        channelCallbacks.pointee.channel_data_function = {
            _, handle, _, length, isError, context in
            if isError == 0 { ServerSession.at(context)?.channel(handle)?.buffered = Int(length) }
            // None of it is taken here.
            return 0
        }
        channelCallbacks.pointee.channel_close_function = { _, handle, context in
            ServerSession.at(context)?.channel(handle)?.closedByClient()
        }
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> ServerSession? {
        context.map { Unmanaged<ServerSession>.fromOpaque($0).takeUnretainedValue() }
    }

    static func answer(
        _ context: UnsafeMutableRawPointer?, _ handle: ssh_channel?,
        _ ask: (any SessionRequests, Channel) -> Bool
    ) -> CInt {
        guard let me = at(context), let requests = me.requests, let channel = me.channel(handle)
        else { return -1 }
        channel.number = me.requestedChannel
        return ask(requests, channel) ? 0 : -1
    }
}
