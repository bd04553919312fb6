import Foundation
import LinuxKit
import Testing

/// `ssh -L` to a port of the server's loopback, with both ends in the test.
@Suite(.serialized) struct ForwardingTests {
    /// A connection through the tunnel: what the client holds, and what the service behind it got.
    private struct Tunnel: ~Copyable {
        let server: TestServer
        let client: FileDescriptor
        let service: FileDescriptor
        private let ssh: ChildProcess

        init() throws {
            let listener = try TCPSocket.listen(on: [127, 0, 0, 1], port: 0, backlog: 1)
            let port = try #require(TCPSocket.local(of: listener.number)).port
            let server = try TestServer(
                options: "permitopen=\"127.0.0.1:\(port)\"", starting: false)
            server.serverOptions = ["--forward", "\(port)"]
            try server.start()
            let local = try TestServer.freePort()
            let ssh = try server.startSSH(
                "cat",
                options: ["-o", "ExitOnForwardFailure=yes", "-L", "\(local):127.0.0.1:\(port)"])
            var connected: FileDescriptor?
            try eventually("the client listens") {
                connected = try? TCPSocket.connect(to: .init(address: [127, 0, 0, 1], port: local))
                let number = connected.number
                _ = try Poll.wait([.init(number, .output)], until: Clock.now + .seconds(1))
                return (try? TCPSocket.isConnected(number)) == true
            }
            _ = try Poll.wait([.init(listener.number, .input)], until: Clock.now + patience)
            guard let client = connected.take(),
                let service = try TCPSocket.accept(from: listener.number)
            else { throw CancellationError() }
            try service.setNonBlocking()
            self.server = server
            self.client = client
            self.service = service
            self.ssh = ssh
        }

        deinit { ssh.signal(SIGTERM) }
    }

    /// Everything up to the end.
    private func rest(_ socket: borrowing FileDescriptor) throws -> String {
        var bytes: [UInt8] = []
        let deadline = Clock.now + patience
        while Clock.now < deadline {
            _ = try Poll.wait([.init(socket.number, .input)], until: deadline)
            switch try socket.read(atMost: 65536) {
            case .bytes(let more): bytes += more
            case .end: return String(decoding: bytes, as: UTF8.self)
            case .wouldBlock: continue
            }
        }
        return "no end after " + String(decoding: bytes, as: UTF8.self)
    }

    @Test func theClientEndsFirstAndStillHears() throws {
        let tunnel = try Tunnel()
        try tunnel.client.write("question")
        TCPSocket.endOutput(tunnel.client.number)
        #expect(try rest(tunnel.service) == "question")
        try tunnel.service.write("answer")
        TCPSocket.endOutput(tunnel.service.number)
        #expect(try rest(tunnel.client) == "answer")
        try tunnel.server.expectLogged("forwards a connection to 127.0.0.1, port ")
    }

    @Test func theServiceEndsFirstAndStillHears() throws {
        let tunnel = try Tunnel()
        try tunnel.service.write("greeting")
        TCPSocket.endOutput(tunnel.service.number)
        #expect(try rest(tunnel.client) == "greeting")
        try tunnel.client.write("last words")
        TCPSocket.endOutput(tunnel.client.number)
        #expect(try rest(tunnel.service) == "last words")
    }
}
