import LinuxKit

Process.exit(Applets.run(CommandLine.arguments).rawValue)
