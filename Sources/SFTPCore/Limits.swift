/// What a client may ask for; told to it by limits@openssh.com. All that a server process holds follows from these.
package enum Limits {
    /// Bytes of a packet after its length, as in OpenSSH. A longer one ends the session.
    package static let packet = 256 * 1024
    /// Bytes of file content in one packet.
    package static let content = packet - 1024
    /// Open files and directories. sshfs holds one for each file that its programs have open.
    package static let handles = 128
    /// Names in one reply, as in OpenSSH.
    package static let entries = 100
}
