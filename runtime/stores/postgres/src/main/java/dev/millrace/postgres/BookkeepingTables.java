package dev.millrace.postgres;

import static dev.millrace.loaders.ColumnType.Scalar.ADDRESS;
import static dev.millrace.loaders.ColumnType.Scalar.BYTES32;
import static dev.millrace.loaders.ColumnType.Scalar.INSTANT;
import static dev.millrace.loaders.ColumnType.Scalar.INT;
import static dev.millrace.loaders.ColumnType.Scalar.LONG;
import static dev.millrace.loaders.ColumnType.Scalar.TEXT;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.postgres.client.ArrayParameter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The tables that a commit writes beside the rows of entities: reversible blocks and the final one
 * below them, discovered contracts, answers of effects, and triggers of jobs.
 */
final class BookkeepingTables {
  private static final String BLOCKS =
      """
      INSERT INTO millrace_block (chain, number, hash, parent, time, checkpoint)
      SELECT ?, * FROM unnest(?::bigint[], ?::bytea[], ?::bytea[], ?::timestamptz[], ?::bigint[])
      ON CONFLICT (chain, number) DO UPDATE
         SET hash = EXCLUDED.hash, parent = EXCLUDED.parent, time = EXCLUDED.time,
             checkpoint = EXCLUDED.checkpoint
      """;

  // Keeps the first answer: it is the one that handlers have seen.
  private static final String EFFECTS =
      """
      INSERT INTO millrace_effect (chain, effect, input_hash, input, output, checkpoint)
      SELECT ?, * FROM unnest(?::text[], ?::bytea[], ?::text[], ?::text[], ?::bigint[])
      ON CONFLICT DO NOTHING
      """;

  private static final String CONTRACTS =
      """
      INSERT INTO millrace_contract (chain, block, log_index, nth, contract, address)
      SELECT ?, * FROM unnest(?::bigint[], ?::integer[], ?::integer[], ?::text[], ?::bytea[])
      """;

  private static final String TRIGGERS =
      """
      INSERT INTO millrace_trigger (chain, block, block_hash, log_index, ordinal, job, moment, input)
      SELECT ?, t.*
        FROM unnest(?::bigint[], ?::bytea[], ?::integer[], ?::integer[], ?::text[], ?::text[],
                    ?::text[])
             AS t (block, block_hash, log_index, ordinal, job, moment, input)
       ORDER BY t.block, t.log_index, t.ordinal
      """;

  private static final String ANSWERS =
      """
      SELECT input, output FROM millrace_effect
       WHERE chain = ? AND effect = ? AND input_hash = ANY (?)
      """;

  private final long chain;

  BookkeepingTables(long chain) {
    this.chain = chain;
  }

  void write(Connection connection, CommitGroup group) throws SQLException {
    writeBlocks(connection, kept(group));
    List<Source.DiscoveredContract> found =
        group.batches().stream().flatMap(batch -> batch.batch().found().stream()).toList();
    if (!found.isEmpty()) {
      writeContracts(connection, found);
    }
    List<EffectResult> effects = group.effects();
    if (!effects.isEmpty()) {
      writeEffects(connection, effects);
    }
    List<EventTrigger> triggers = group.triggers();
    if (!triggers.isEmpty()) {
      writeTriggers(connection, triggers);
    }
  }

  /** A block, and the checkpoint of the lane after it. */
  private record Kept(SourceBlock block, long checkpoint) {}

  /** Returns the reversible blocks; of final ones only the last, to which a rewind may go back. */
  private static List<Kept> kept(CommitGroup group) {
    if (!group.isReversible()) {
      return List.of(new Kept(group.last().batch().last(), group.checkpoint()));
    }
    List<Kept> kept = new ArrayList<>();
    group.batches().forEach(batch -> addKept(batch, kept));
    return kept;
  }

  /** Adds the blocks of a batch; the checkpoint grows by one with every block that has events. */
  private static void addKept(ExecutedBatch batch, List<Kept> kept) {
    SortedSet<Long> active = new TreeSet<>();
    batch.batch().events().forEach(event -> active.add(event.block().number()));
    long reached = batch.changes().lastCheckpoint() - active.size();
    for (SourceBlock block : batch.batch().blocks()) {
      reached += active.contains(block.number()) ? 1 : 0;
      kept.add(new Kept(block, reached));
    }
  }

  private void writeBlocks(Connection connection, List<Kept> kept) throws SQLException {
    List<SourceBlock> blocks = kept.stream().map(Kept::block).toList();
    try (PreparedStatement statement = connection.prepareStatement(BLOCKS)) {
      statement.setLong(1, chain);
      statement.setObject(2, ArrayParameter.of(LONG, blocks, SourceBlock::number));
      statement.setObject(3, ArrayParameter.of(BYTES32, blocks, SourceBlock::hash));
      statement.setObject(4, ArrayParameter.of(BYTES32, blocks, SourceBlock::parent));
      statement.setObject(5, ArrayParameter.of(INSTANT, blocks, SourceBlock::timestamp));
      statement.setObject(6, ArrayParameter.of(LONG, kept, Kept::checkpoint));
      statement.executeUpdate();
    }
  }

  private void writeContracts(Connection connection, List<Source.DiscoveredContract> found)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(CONTRACTS)) {
      statement.setLong(1, chain);
      statement.setObject(2, ArrayParameter.of(LONG, found, one -> one.at().block()));
      statement.setObject(3, ArrayParameter.of(INT, found, one -> one.at().logIndex()));
      statement.setObject(4, ArrayParameter.of(INT, places(found)));
      statement.setObject(5, ArrayParameter.of(TEXT, found, Source.DiscoveredContract::contract));
      statement.setObject(6, ArrayParameter.of(ADDRESS, found, Source.DiscoveredContract::address));
      statement.executeUpdate();
    }
  }

  /** Numbers the contracts of each event from zero. */
  private static List<Integer> places(List<Source.DiscoveredContract> found) {
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      boolean same = i > 0 && found.get(i).at().equals(found.get(i - 1).at());
      places.add(same ? places.get(i - 1) + 1 : 0);
    }
    return places;
  }

  private void writeEffects(Connection connection, List<EffectResult> effects) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(EFFECTS)) {
      statement.setLong(1, chain);
      statement.setObject(2, ArrayParameter.of(TEXT, effects, EffectResult::effect));
      statement.setObject(3, ArrayParameter.of(BYTES32, effects, e -> hash(e.input())));
      statement.setObject(4, ArrayParameter.of(TEXT, effects, EffectResult::input));
      statement.setObject(5, ArrayParameter.of(TEXT, effects, EffectResult::output));
      statement.setObject(6, ArrayParameter.of(LONG, effects, EffectResult::checkpoint));
      statement.executeUpdate();
    }
  }

  private void writeTriggers(Connection connection, List<EventTrigger> triggers)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TRIGGERS)) {
      statement.setLong(1, chain);
      statement.setObject(2, ArrayParameter.of(LONG, triggers, one -> one.event().block()));
      statement.setObject(3, ArrayParameter.of(BYTES32, triggers, EventTrigger::block));
      statement.setObject(4, ArrayParameter.of(INT, triggers, one -> one.event().logIndex()));
      statement.setObject(5, ArrayParameter.of(INT, triggers, EventTrigger::ordinal));
      statement.setObject(6, ArrayParameter.of(TEXT, triggers, EventTrigger::job));
      statement.setObject(7, ArrayParameter.of(TEXT, triggers, one -> one.moment().name()));
      statement.setObject(8, ArrayParameter.of(TEXT, triggers, EventTrigger::input));
      statement.executeUpdate();
    }
  }

  /** Returns the stored answers for these inputs. */
  Map<String, String> answers(Connection connection, String effect, Collection<String> inputs)
      throws SQLException {
    Map<String, String> answers = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(ANSWERS)) {
      statement.setLong(1, chain);
      statement.setString(2, effect);
      statement.setObject(
          3, ArrayParameter.of(BYTES32, List.copyOf(inputs), BookkeepingTables::hash));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          answers.put(rows.getString(1), rows.getString(2));
        }
      }
    }
    return answers;
  }

  private static Bytes32 hash(String input) {
    try {
      byte[] text = input.getBytes(StandardCharsets.UTF_8);
      return Bytes32.of(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
