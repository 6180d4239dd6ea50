#!/usr/bin/env bash
# Writes the digests of the Dockerfile's base images behind their tags, as their registries tell them today. Needs Docker
# with buildx. Writes all of them or none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

refuse() {
  printf '%s\n' "$1" >&2
  exit 1
}

command -v docker > /dev/null || refuse "docker is missing: it reads the digests from the images' registries."

pinned=$(mktemp)
trap 'rm -f "$pinned"' EXIT
while IFS= read -r line; do
  if [[ "$line" =~ ^ARG\ ([A-Z]+_IMAGE)=([^@]+) ]]; then
    name=${BASH_REMATCH[1]} image=${BASH_REMATCH[2]}
    digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}') ||
      refuse "The digest of $image can't be read: see Docker's message above. The Dockerfile is as it was."
    [[ "$digest" =~ ^sha256:[0-9a-f]{64}$ ]] || refuse "Docker named no digest of $image. The Dockerfile is as it was."
    printf '%s %s\n' "$image" "$digest"
    line="ARG $name=$image@$digest"
  fi
  printf '%s\n' "$line" >> "$pinned"
done < Dockerfile
cat "$pinned" > Dockerfile
