package dev.millrace.source;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.rpc.LogColumns;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Content of a log, to compare two answers with each other; without the time of its block. */
record LogIdentity(
    long block,
    int index,
    Bytes32 transaction,
    Address contract,
    List<Bytes32> topics,
    Bytes data) {
  static List<LogIdentity> of(LogColumns logs) {
    List<LogIdentity> all = new ArrayList<>(logs.size());
    LogColumns.Cursor cursor = logs.cursor();
    while (cursor.next()) {
      int at = cursor.index();
      SourceBlock block = new SourceBlock(cursor.blockNumber(), cursor.blockHash(), null, null);
      List<Bytes32> topics =
          IntStream.range(0, logs.topics(at)).mapToObj(i -> logs.topic(at, i)).toList();
      all.add(
          new LogIdentity(
              cursor.blockNumber(),
              logs.logIndex(at),
              logs.transactionHash(at),
              logs.contract(at),
              topics,
              cursor.log(block).data()));
    }
    return all;
  }
}
