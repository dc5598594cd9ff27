package dev.millrace.postgres;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.SqlIdentifiers;
import dev.millrace.staging.StagedStore;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A lane over a real database, with batches made by hand. */
final class PostgresFixture implements AutoCloseable {
  /** The row that most tests change. */
  @Entity
  record Token(@Id long id, @Index String owner, BigInteger amount) {}

  /** A row that can be saved only once. */
  @Entity(immutable = true)
  record Note(@Id EventId id, @Nullable String text) {}

  static final EntityType<Token> TOKEN = EntityType.of(Token.class);
  static final EntityType<Note> NOTE = EntityType.of(Note.class);

  final String schema;
  final TestIndexer indexer;
  final PostgresStore store;
  final LaneStore lane;
  final StagedStore staged;

  private final TreeMap<Long, Bytes32> hashes = new TreeMap<>();
  private long batches;
  private long blocks;
  private long commits;
  private long branch;
  private long finalBlock = -1;

  /** An indexer that is used only for its definition. */
  record TestIndexer(
      String name, List<EntityType<?>> entities, SortedMap<String, String> sourceRequirements)
      implements Indexer {
    static TestIndexer of(String name, EntityType<?>... types) {
      return new TestIndexer(name, List.of(types), new TreeMap<>());
    }

    @Override
    public List<TriggerableJob<?>> jobs() {
      return List.of(LATE, EARLY);
    }
  }

  /** A job whose inputs are numbers. */
  record TestJob(String name, TriggerMoment moment) implements TriggerableJob<Long> {
    @Override
    public Class<Long> inputType() {
      return Long.class;
    }

    @Override
    public String inputText(Long input) {
      return input.toString();
    }
  }

  static final TestJob LATE = new TestJob("late", TriggerMoment.FINALIZED);
  static final TestJob EARLY = new TestJob("early", TriggerMoment.COMMITTED);

  private record Handler(String name) implements EventHandler {
    @Override
    public void handle(SourceEvent event, Context context) {}
  }

  static PostgresFixture fresh() {
    return new PostgresFixture(
        TestIndexer.of(TestDatabase.freshSchema(), TOKEN, NOTE), Failpoint.NONE);
  }

  static PostgresFixture fresh(Failpoint failpoint) {
    return new PostgresFixture(TestIndexer.of(TestDatabase.freshSchema(), TOKEN, NOTE), failpoint);
  }

  static PostgresFixture of(EntityType<?>... types) {
    return new PostgresFixture(TestIndexer.of(TestDatabase.freshSchema(), types), Failpoint.NONE);
  }

  PostgresFixture(TestIndexer indexer, Failpoint failpoint) {
    this(indexer, failpoint, TestDatabase.settings());
  }

  PostgresFixture(TestIndexer indexer, Failpoint failpoint, DatabaseSettings settings) {
    this(indexer, PostgresStore.open(settings, indexer, failpoint));
  }

  private PostgresFixture(TestIndexer indexer, PostgresStore store) {
    this.schema = indexer.name();
    this.indexer = indexer;
    this.store = store;
    this.lane = store.takeOver("1");
    this.staged = new StagedStore(indexer.entities(), indexer::storage, indexer.jobs());
    this.commits = lane.opened().commit();
    goTo(lane.opened());
    lane.resumePoint().window().forEach(place -> hashes.put(place.block(), place.hash()));
    staged.open(
        lane.opened().checkpoint(),
        indexer.entities().stream()
            .filter(type -> indexer.storage(type).isInPostgres())
            .filter(type -> lane.reads().isEmpty(type))
            .toList());
  }

  /** Takes the same schema over again. */
  PostgresFixture again() {
    return new PostgresFixture(indexer, Failpoint.NONE);
  }

  static Token token(long id, String owner, long amount) {
    return new Token(id, owner, BigInteger.valueOf(amount));
  }

  /** A batch under construction: blocks of events. */
  final class Script {
    private final List<SourceEvent> events = new ArrayList<>();
    private final List<SourceBlock> all = new ArrayList<>();
    private final List<Source.DiscoveredContract> found = new ArrayList<>();
    private @Nullable SourceBlock block;
    private int logs;

    Script block() {
      blocks++;
      Bytes32 hash = hash(branch << 32 | blocks);
      block = new SourceBlock(blocks, hash, hash(blocks - 1), Instant.ofEpochSecond(blocks));
      hashes.put(blocks, hash);
      all.add(block);
      logs = 0;
      return this;
    }

    Script event(String handler, Runnable work) {
      SourceBlock current = block == null ? block().all.getLast() : block;
      if (logs == 0) {
        staged.nextBlock();
      }
      staged.nextEvent(events.size());
      events.add(new SourceEvent(current, logs++, new Handler(handler), "payload"));
      work.run();
      return this;
    }

    /** Adds a contract that the block creates. */
    Script found(String contract, Address address, int logIndex) {
      found.add(new Source.DiscoveredContract(contract, address, EventId.of(blocks, logIndex)));
      return this;
    }

    Script save(Object entity) {
      return event("Lab.save", () -> staged.save(entity));
    }

    Script trigger(TestJob job, long input) {
      return event("Lab.trigger", () -> staged.trigger(job, input));
    }

    Script delete(EntityType<?> type, Object id) {
      return event("Lab.delete", () -> staged.delete(type, id));
    }
  }

  /** The contents of a batch. */
  @FunctionalInterface
  interface Work {
    void in(Script script);
  }

  ExecutedBatch batch(Work work) {
    return batch(false, List.of(), work);
  }

  ExecutedBatch reversible(Work work) {
    return batch(true, List.of(), work);
  }

  ExecutedBatch batch(boolean reversible, List<EffectResult> effects, Work work) {
    Script script = new Script();
    staged.begin(reversible);
    work.in(script);
    if (script.all.isEmpty()) {
      script.block();
    }
    Batch read =
        new Batch(
            script.events,
            reversible ? script.all : List.of(),
            script.all.getLast(),
            reversible ? finalBlock : Long.MAX_VALUE,
            script.found);
    return new ExecutedBatch(++batches, read, staged.freeze(), effects);
  }

  CommitGroup group(ExecutedBatch... executed) {
    return new CommitGroup(commits + 1, List.of(executed));
  }

  /** Commits batches together. */
  void commit(ExecutedBatch... executed) {
    CommitGroup group = group(executed);
    lane.commit(group);
    committed(group);
  }

  /** Commits a group as the lane does; returns the number of failures before success. */
  int commitWithRetries(CommitGroup group) {
    int failures = 0;
    while (true) {
      try {
        lane.commit(group);
        committed(group);
        return failures;
      } catch (MillraceException failed) {
        if (failed.remedy() != Remedy.RETRY) {
          throw failed;
        }
        failures++;
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  void committed(CommitGroup group) {
    commits = group.number();
    staged.committed(group.checkpoint());
  }

  /** Makes blocks final, from the next reversible batch on. */
  void finalTo(long block) {
    finalBlock = block;
  }

  /** The block on the lab's current branch; null before the first. */
  Source.@Nullable BlockRef place(long block) {
    Bytes32 hash = hashes.get(block);
    return hash == null ? null : new Source.BlockRef(block, hash);
  }

  /** Rewinds to a block and continues on another branch. */
  Frontier rewind(long block) {
    Frontier frontier = lane.rewind(place(block));
    rewound(frontier);
    return frontier;
  }

  void rewound(Frontier frontier) {
    branch++;
    goTo(frontier);
    staged.rewind(frontier.checkpoint());
  }

  private void goTo(Frontier frontier) {
    Source.BlockRef last = frontier.place();
    blocks = last == null ? 0 : last.block();
    hashes.tailMap(blocks, false).clear();
  }

  List<String> rows(String table, String columns) {
    try {
      return TestDatabase.query(
          "SELECT %s FROM %s.%s ORDER BY %s"
              .formatted(
                  columns, SqlIdentifiers.quoted(schema), SqlIdentifiers.quoted(table), columns));
    } catch (java.sql.SQLException failed) {
      throw new AssertionError(failed);
    }
  }

  List<String> tokens() {
    return rows("token", "id, owner, amount");
  }

  static Bytes32 hash(long number) {
    byte[] bytes = new byte[Bytes32.LENGTH];
    for (int i = 0; i < 8; i++) {
      bytes[31 - i] = (byte) (number >>> (8 * i));
    }
    return Bytes32.of(bytes);
  }

  /** Releases everything before the test is over. */
  void end() {
    store.close();
  }

  @Override
  public void close() {
    end();
  }
}
