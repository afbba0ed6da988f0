#!/bin/sh
# Takes the groups of rules that ALARMS names, fills the pace's period into them, becomes vmalert.
set -eu
period=${ALARM_PERIOD:?}
case $period in
  '' | *[!0-9]*) echo "alarms: ALARM_PERIOD='$period' is no number of seconds" >&2; exit 78 ;;
esac
rm -rf /run/alarms/rules
mkdir -p /run/alarms/rules
for group in ${ALARMS:?the groups of rules are not named}; do
  [ -f "/etc/alarms/rules/$group.yaml" ] || { echo "alarms: ALARMS names $group; there is no such group" >&2; exit 78; }
  sed -e "s/@1@/${period}s/g" -e "s/@2@/$((2 * period))s/g" -e "s/@3@/$((3 * period))s/g" \
    -e "s/@6@/$((6 * period))s/g" -e "s/@6S@/$((6 * period))/g" -e "s/@SHIP@/$((3 * ${RDS_LOG_SHIP_SECONDS:?}))/g" \
    "/etc/alarms/rules/$group.yaml" > "/run/alarms/rules/$group.yaml"
done
# Its own state is kept as series in CloudWatch, so that a restart forgets no alarm; no delay for
# late samples, which the pace has no time for.
exec vmalert -rule='/run/alarms/rules/*.yaml' -evaluationInterval="${period}s" -rule.evalDelay=0s \
  -datasource.url=http://cloudwatch:8428 -remoteWrite.url=http://cloudwatch:8428 \
  -remoteRead.url=http://cloudwatch:8428 -remoteWrite.flushInterval=1s -remoteWrite.concurrency=1 \
  -notifier.url=http://sns:9093 -external.url="${ALARMS_PAGE:?}" -httpListenAddr=:8880 -loggerLevel=WARN \
  -external.alert.source='vmalert/alert?group_id={{.GroupID}}&alert_id={{.AlertID}}'
