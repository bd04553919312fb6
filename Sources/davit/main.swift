import LinuxKit

Process.exit(Applets.run(Process.arguments).rawValue)
