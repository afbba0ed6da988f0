#!/bin/sh
# SQS_DURABLE=0 keeps messages in memory only: the negative control of the kill-queue drill.
set -eu
export SQS_VISIBILITY="${SQS_VISIBILITY_SECONDS:-30} seconds"
case "${SQS_DURABLE:-1}" in
  0 | false | no) export SQS_STORE=false ;;
  *) export SQS_STORE=true ;;
esac
exec java -XX:SharedArchiveFile=/opt/elasticmq/app.jsa -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Xms32m -Xmx96m -Xss512k -XX:MaxMetaspaceSize=96m \
  -Dconfig.file=/opt/elasticmq/queues.conf -cp "/opt/elasticmq/jars/*" org.elasticmq.server.Main
