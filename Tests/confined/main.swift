import Glibc
import LinuxKit

/// Prints, one a line, what it can do: "WHAT: yes" or the kernel's reason. With a directory, confined to that; with the word
/// "children", before, while and after it may have no children.
func attempt(_ what: String, _ status: Int) {
    Output.line("\(what): \(status >= 0 ? "yes" : String(cString: strerror(errno)))")
}

func attemptToOpen(_ path: String, _ flags: Int32) {
    do throws(SystemError) {
        _ = try FileDescriptor(opening: path, flags, mode: 0o600)
        Output.line("open \(path): yes")
    } catch {
        Output.line("open \(path): \(error.reason)")
    }
}

guard CommandLine.arguments.count == 2 else { exit(100) }
if CommandLine.arguments[1] == "children" {
    try Children.run()
    exit(0)
}
let directory = CommandLine.arguments[1]
let (place, outbox) = (directory + "/place", directory + "/outbox")
Output.line(Confinement.confine(places: [place], outboxes: [outbox], settings: []))

for directory in [place, outbox] {
    let replaced: Void? = try? Files.replace(directory + "/file", with: "x")
    attempt("replace \(directory)/file", replaced == nil ? -1 : 0)
    attemptToOpen(directory + "/file", O_RDONLY)
}
attemptToOpen(directory + "/file", O_WRONLY | O_CREAT)
attemptToOpen("/etc/passwd", O_RDONLY)
attemptToOpen("/etc/davit-confined", O_WRONLY | O_CREAT)
attempt("UDP", Int(socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)))
attempt("TCP", Int(socket(AF_INET6, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)))
attempt("a socket of files", Int(socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)))
var words: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
attempt("execute", Int(execve("/bin/true", &words, &words)))
attempt("mount", Int(mount("none", directory, "tmpfs", 0, nil)))
attempt("set the host's name", Int(sethostname("x", 1)))
attempt("become another user", Int(setuid(1)))
attempt("kill", Int(kill(getppid(), 0)))
let executable = mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
attempt("executable memory", executable == MAP_FAILED ? -1 : 0)
let writable = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
attempt("memory", writable == MAP_FAILED ? -1 : 0)
attempt("memory made executable", Int(mprotect(writable, 4096, PROT_READ | PROT_EXEC)))
