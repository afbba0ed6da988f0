#!/bin/sh
# SQS_DURABLE=0 keeps messages in memory only: the negative control of the kill-queue drill.
set -eu
export SQS_VISIBILITY="${SQS_VISIBILITY_SECONDS:-30} seconds"
case "${SQS_DURABLE:-1}" in
  0 | false | no) export SQS_STORE=false ;;
  *) export SQS_STORE=true ;;
esac
# SQS_DEAD_LETTERS=0: no dead-letter queue, a message comes again for ever (the control of poison).
config=/opt/elasticmq/queues.conf
if [ "${SQS_DEAD_LETTERS:-1}" = 0 ]; then
  sed '/deadLettersQueue {/,/}/d' "$config" > /tmp/queues.conf
  config=/tmp/queues.conf
fi
exec java -XX:SharedArchiveFile=/opt/elasticmq/app.jsa -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Xms32m -Xmx96m -Xss512k -XX:MaxMetaspaceSize=96m \
  -Dconfig.file="$config" -cp "/opt/elasticmq/jars/*" org.elasticmq.server.Main
