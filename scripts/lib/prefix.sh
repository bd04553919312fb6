# shellcheck shell=bash disable=SC2154 # Sourced after common.sh and recipes.sh.
# The prefix of static libraries: one directory for each recipe, architecture and libc.

# build_recipe NAME: builds one library and adds it to the prefix; the stamp comes last.
build_recipe() {
    local name=$1 source package='' work log status=0 started=$SECONDS
    local stamp=$davit_prefix/stamps/$name
    if [[ -e $stamp ]]; then return 0; fi

    log=$davit_cache/log/$name
    work=$davit_cache/work/$name
    rm -rf "$work"
    mkdir -p "$work/staging/licenses"
    : >"$log"
    if [[ -n ${recipe_source[$name]-} ]]; then
        read -ra source <<<"${recipe_source[$name]}"
        package=${source[0]}
        fetch_source "${source[@]}"
        logged "$log" unpack_source "$package" "$work/source" || fail "$package could not be unpacked; see $log"
        say "building $name from $package $(<"$davit_cache/sources/$package/VERSION");" \
            "this takes about ${recipe_seconds[$name]} s (log: $log)"
    else
        mkdir "$work/source"
        say "copying what the distribution has as static libraries"
    fi

    # A subshell of its own with -e: inside `if` or `||` bash would go on after a failed step.
    set +e
    (
        set -e
        cd "$work/source"
        # What is built finds what was built before it; what is copied is looked for in the system only.
        if [[ -n $package ]]; then export PKG_CONFIG_PATH=$davit_prefix/lib/pkgconfig; else unset PKG_CONFIG_PATH; fi
        "recipe_$name" "$work/staging"
    ) >>"$log" 2>&1 </dev/null
    status=$?
    set -e
    if ((status != 0)); then
        warn "$name could not be built (status $status); the last lines of $log:"
        tail -n 30 "$log" >&2
        exit 1
    fi

    if [[ -n $package ]]; then
        cp "$work/source/debian/copyright" "$work/staging/licenses/$name"
        cp "$davit_cache/sources/$package/VERSION" "$work/staging/licenses/$name.version"
    fi
    mkdir -p "$davit_prefix/stamps"
    cp -R "$work/staging/." "$davit_prefix/"
    date --utc +%FT%TZ >"$stamp"
    rm -rf "$work"
    say "$name is ready after $((SECONDS - started)) s"
}

# build_prefix: builds what is missing, and points the link `prefix` at the result when it is whole.
build_prefix() {
    local name
    davit_prefix=$(prefix_directory)
    if [[ ! -e $davit_prefix/complete ]]; then
        mkdir -p "$davit_cache/log" "$davit_prefix"
        for name in "${recipes[@]}"; do build_recipe "$name"; done
        date --utc +%FT%TZ >"$davit_prefix/complete"
    fi
    ln -sfnT "${davit_prefix##*/}" "$davit_cache/prefix"
}
