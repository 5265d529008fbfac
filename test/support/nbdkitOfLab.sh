#!/bin/sh
# An NBD program for tests: nbdkit serves the file that a snapshot in the lab has frozen, from the lab's datastores.
# SERVER PORT USER PASSWORD-FD DATACENTER '[datastore] folder/file.vmdk' SOCKET [delay of each read]
server=$1 port=$2 user=$3 password=$4 datacenter=$5 file=$6 socket=$7 delay=$8
datastore=${file#\[}
datastore=${datastore%%\]*}
path=${file#*\] }
exec nbdkit --foreground --readonly --exit-with-parent --unix "$socket" ${delay:+--filter=delay} curl \
  "url=https://$server:$port/folder/${path%.vmdk}-flat.vmdk?dcPath=$datacenter&dsName=$datastore" \
  "user=$user" "password=-$password" sslverify=false ${delay:+"rdelay=$delay"}
