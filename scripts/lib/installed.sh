# shellcheck shell=bash
# What scripts/install puts into /etc/initramfs-tools, and scripts/uninstall takes out again.
# shellcheck disable=SC2034 # Set here, used there.

installed_hooks=(
    conf.d/davit
    hooks/davit
    scripts/init-bottom/davit
    scripts/init-premount/davit
)
