#!/usr/bin/env bash
# Tells Spark which GPUs a host has: spark.{worker,executor,driver}.resource.gpu.discoveryScript.
#
# Prints one JSON object, {"name": "gpu", "addresses": ["GPU-…", …]}: each GPU's UUID, which names one device in the
# world, whatever a container numbers it. GPUs that are cut into MIG instances are given by their instances' UUIDs.
# Needs NVIDIA's driver, which brings nvidia-smi; without it, or without a GPU, it says so and ends with 1.
set -euo pipefail

fail() {
  echo "gpu-discovery: Cannot find GPUs: host $(hostname): $1" >&2
  exit 1
}

command -v nvidia-smi > /dev/null \
  || fail "no nvidia-smi on the PATH; install NVIDIA's driver, or ask for no gpu resource on this host"
listing="$(nvidia-smi -L 2>&1)" || fail "nvidia-smi -L: ${listing%%$'\n'*}"

# A line per GPU, "GPU 0: name (UUID: GPU-…)", and under it, indented, a line per MIG instance.
addresses="$(awk '
  match($0, /UUID: (GPU|MIG)-[^)]+/) {
    uuid = substr($0, RSTART + 6, RLENGTH - 6)
    if (uuid ~ /^MIG/) { cut[gpus] = 1; mig[++migs] = uuid }
    else gpu[++gpus] = uuid
  }
  END {
    for (i = 1; i <= gpus; i++) if (!(i in cut)) list = list ", \"" gpu[i] "\""
    for (i = 1; i <= migs; i++) list = list ", \"" mig[i] "\""
    print substr(list, 3)
  }' <<< "$listing")"
[[ -n "$addresses" ]] || fail "nvidia-smi lists none"
printf '{"name": "gpu", "addresses": [%s]}\n' "$addresses"
