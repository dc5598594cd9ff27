package dev.millrace.postgres;

import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.Event;
import dev.millrace.pipeline.ExecutedBatch;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What a commit keeps beside the rows of entities: blocks that may be replaced, and effects. */
final class SideTables {
  private static final String BLOCKS =
      """
      INSERT INTO millrace_block (chain, number, hash, parent, time, checkpoint)
      SELECT ?, * FROM unnest(?::bigint[], ?::bytea[], ?::bytea[], ?::timestamptz[], ?::bigint[])
      ON CONFLICT (chain, number) DO UPDATE
         SET hash = EXCLUDED.hash, parent = EXCLUDED.parent, time = EXCLUDED.time,
             checkpoint = EXCLUDED.checkpoint
      """;

  // The answer that was first is the one that handlers have seen.
  private static final String EFFECTS =
      """
      INSERT INTO millrace_effect (chain, effect, input_hash, input, output, checkpoint)
      SELECT ?, * FROM unnest(?::text[], ?::bytea[], ?::text[], ?::text[], ?::bigint[])
      ON CONFLICT DO NOTHING
      """;

  private static final String ANSWERS =
      """
      SELECT input, output FROM millrace_effect
       WHERE chain = ? AND effect = ? AND input_hash = ANY (?)
      """;

  private final long chain;

  SideTables(long chain) {
    this.chain = chain;
  }

  void write(Connection connection, CommitGroup group) throws SQLException {
    if (!group.blocks().isEmpty()) {
      writeBlocks(connection, group);
    }
    List<EffectResult> effects = group.effects();
    if (!effects.isEmpty()) {
      writeEffects(connection, effects);
    }
  }

  private void writeBlocks(Connection connection, CommitGroup group) throws SQLException {
    List<Block> blocks = group.blocks();
    long[] checkpoints = new long[blocks.size()];
    int next = 0;
    for (ExecutedBatch batch : group.batches()) {
      next = checkpoints(batch, checkpoints, next);
    }
    try (PreparedStatement statement = connection.prepareStatement(BLOCKS)) {
      statement.setLong(1, chain);
      statement.setArray(
          2, Parameters.longs(connection, blocks.stream().mapToLong(Block::number).toArray()));
      statement.setArray(3, bytes(connection, blocks.stream().map(b -> b.hash().bytes())));
      statement.setArray(4, bytes(connection, blocks.stream().map(b -> b.parent().bytes())));
      statement.setArray(
          5,
          connection.createArrayOf(
              "timestamptz", blocks.stream().map(b -> b.timestamp().toString()).toArray()));
      statement.setArray(6, Parameters.longs(connection, checkpoints));
      statement.executeUpdate();
    }
  }

  /**
   * The checkpoint that the lane has reached after each block: it grows by one with every block
   * that has events. Returns where the next batch goes on.
   */
  static int checkpoints(ExecutedBatch batch, long[] into, int from) {
    List<Event> events = batch.batch().events();
    long withEvents = events.stream().mapToLong(event -> event.block().number()).distinct().count();
    long checkpoint = batch.changes().lastCheckpoint() - withEvents;
    int at = from;
    int event = 0;
    for (Block block : batch.batch().blocks()) {
      long counted = -1;
      while (event < events.size() && events.get(event).block().number() <= block.number()) {
        long number = events.get(event).block().number();
        checkpoint += number == counted ? 0 : 1;
        counted = number;
        event++;
      }
      into[at++] = checkpoint;
    }
    return at;
  }

  private void writeEffects(Connection connection, List<EffectResult> effects) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(EFFECTS)) {
      statement.setLong(1, chain);
      statement.setArray(
          2, texts(connection, effects.stream().map(EffectResult::effect).toArray(String[]::new)));
      statement.setArray(3, bytes(connection, effects.stream().map(e -> hash(e.input()))));
      statement.setArray(
          4, texts(connection, effects.stream().map(EffectResult::input).toArray(String[]::new)));
      statement.setArray(
          5, texts(connection, effects.stream().map(EffectResult::output).toArray(String[]::new)));
      statement.setArray(
          6,
          Parameters.longs(
              connection, effects.stream().mapToLong(EffectResult::checkpoint).toArray()));
      statement.executeUpdate();
    }
  }

  /** Stored answers among these inputs. */
  Map<String, String> answers(Connection connection, String effect, Collection<String> inputs)
      throws SQLException {
    Map<String, String> answers = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(ANSWERS)) {
      statement.setLong(1, chain);
      statement.setString(2, effect);
      statement.setArray(3, bytes(connection, inputs.stream().map(SideTables::hash)));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          answers.put(rows.getString(1), rows.getString(2));
        }
      }
    }
    return answers;
  }

  private static Array bytes(Connection connection, Stream<byte[]> values) throws SQLException {
    return connection.createArrayOf("bytea", values.toArray(byte[][]::new));
  }

  private static Array texts(Connection connection, String[] values) throws SQLException {
    return connection.createArrayOf("text", values);
  }

  private static byte[] hash(String input) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(input.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
