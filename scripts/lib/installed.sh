# shellcheck shell=bash
# What scripts/install puts on a machine, and scripts/uninstall takes out again.
# shellcheck disable=SC2034,SC2154 # Set here, used there; root is theirs.

# Those with hooks of their own, for which there are a list below and a line in each function.
known_frameworks="initramfs-tools dracut mkinitcpio"

# Lines SOURCE DESTINATION MODE, the source below the repository. One list for each initramfs framework.
installed_always="
initramfs-hooks/functions /usr/local/share/davit/functions 0644
initramfs-hooks/modules /usr/local/share/davit/modules 0644
man/davit.8 /usr/local/share/man/man8/davit.8 0644
man/davit.conf.5 /usr/local/share/man/man5/davit.conf.5 0644
completions/davit.bash /usr/local/share/bash-completion/completions/davit 0644
completions/_davit /usr/local/share/zsh/site-functions/_davit 0644"

installed_initramfs_tools="
initramfs-hooks/initramfs-tools/conf.d/davit /etc/initramfs-tools/conf.d/davit 0644
initramfs-hooks/initramfs-tools/hooks/davit /etc/initramfs-tools/hooks/davit 0755
initramfs-hooks/initramfs-tools/scripts/init-bottom/davit /etc/initramfs-tools/scripts/init-bottom/davit 0755
initramfs-hooks/initramfs-tools/scripts/init-premount/davit /etc/initramfs-tools/scripts/init-premount/davit 0755"

installed_dracut="
initramfs-hooks/dracut/99davit/module-setup.sh /usr/lib/dracut/modules.d/99davit/module-setup.sh 0755
initramfs-hooks/dracut/99davit/davit-start.sh /usr/lib/dracut/modules.d/99davit/davit-start.sh 0755
initramfs-hooks/dracut/99davit/davit-stop.sh /usr/lib/dracut/modules.d/99davit/davit-stop.sh 0755"

installed_mkinitcpio="
initramfs-hooks/mkinitcpio/install/davit /etc/initcpio/install/davit 0644
initramfs-hooks/mkinitcpio/hooks/davit /etc/initcpio/hooks/davit 0644"

# frameworks: which of them the system below $root has, in the words of --framework.
frameworks() {
    if [[ -d $root/etc/initramfs-tools ]]; then echo initramfs-tools; fi
    if [[ -d $root/usr/lib/dracut/modules.d ]]; then echo dracut; fi
    if [[ -d $root/usr/lib/initcpio ]]; then echo mkinitcpio; fi
}

# rebuild FRAMEWORK: the command that makes every initramfs anew.
rebuild() {
    case $1 in
    initramfs-tools) echo "update-initramfs -u -k all" ;;
    dracut) echo "dracut --regenerate-all --force" ;;
    mkinitcpio) echo "mkinitcpio -P" ;;
    esac
}

# hooks FRAMEWORK: its list.
hooks() {
    case $1 in
    initramfs-tools) echo "$installed_initramfs_tools" ;;
    dracut) echo "$installed_dracut" ;;
    mkinitcpio) echo "$installed_mkinitcpio" ;;
    *) return 1 ;;
    esac
}
