#!/usr/bin/env bash
# Chromium and its driver for the pages' tests, from the distribution's packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tenfold/setup/common.sh
. tenfold/setup/common.sh
# shellcheck source=tenfold/setup/checks.sh
. tenfold/setup/checks.sh
# shellcheck source=tenfold/setup/engine.sh
. tenfold/setup/engine.sh

check_system
may_install || fail 3 'chromium and chromedriver are missing' 'install both (packages chromium and chromium-driver)'
apt_install chromium chromium-driver
