package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.MirrorOptions;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Unsigned;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.MirrorGroup;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.staging.StagedStore;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Mirrors over a real engine, with batches and an epoch history made by hand. */
final class ClickHouseFixture implements AutoCloseable {
  /** An entity with changing rows, for most tests. */
  @Entity
  record Token(@Id long id, @Nullable String owner, @Unsigned BigInteger amount) {}

  /** An immutable entity. */
  @Entity(immutable = true)
  record Note(@Id EventId id, @Nullable String text) {}

  /** An entity of which the mirror keeps only the latest versions. */
  @Entity
  @MirrorOptions(versions = Versions.LATEST)
  record Gauge(@Id long id, long value) {}

  static final EntityType<Token> TOKEN = EntityType.of(Token.class);
  static final EntityType<Note> NOTE = EntityType.of(Note.class);
  static final EntityType<Gauge> GAUGE = EntityType.of(Gauge.class);

  final MirrorSettings settings;
  final TestIndexer indexer;
  final ClickHouseMirror mirror;
  private final AtomicLong epochs;

  /** An indexer with nothing but its definition; all its entities are mirrored. */
  record TestIndexer(String name, List<EntityType<?>> entities, Storage where) implements Indexer {
    @Override
    public SortedMap<String, String> sourceRequirements() {
      return new TreeMap<>();
    }

    @Override
    public Storage storage(EntityType<?> type) {
      return where;
    }
  }

  private record Handler(String name) implements EventHandler {
    @Override
    public void handle(SourceEvent event, Context context) {}
  }

  /** A row that is deleted, among rows that are saved. */
  record Gone(EntityType<?> type, Object id) {}

  static ClickHouseFixture fresh() {
    return of(Failpoint.NONE, TOKEN, NOTE, GAUGE);
  }

  static ClickHouseFixture of(Failpoint failpoint, EntityType<?>... types) {
    return new ClickHouseFixture(
        TestClickHouse.settings(TestClickHouse.freshDatabase()),
        new TestIndexer("lab", List.of(types), Storage.BOTH),
        failpoint,
        new AtomicLong());
  }

  ClickHouseFixture(
      MirrorSettings settings, TestIndexer indexer, Failpoint failpoint, AtomicLong epochs) {
    this.settings = settings;
    this.indexer = indexer;
    this.epochs = epochs;
    this.mirror = ClickHouseMirror.open(settings, indexer, failpoint);
  }

  /** Opens another process over the same database. */
  ClickHouseFixture again() {
    return new ClickHouseFixture(settings, indexer, Failpoint.NONE, epochs);
  }

  static Token token(long id, @Nullable String owner, long amount) {
    return new Token(id, owner, BigInteger.valueOf(amount));
  }

  /** The knowledge of PostgreSQL about a lane; it outlives processes. */
  final class MemoryEpochBook {
    final String lane;
    String identity = "first";
    final List<EpochHistory.Epoch> epochs = new ArrayList<>();
    long commit;
    long checkpoint;
    long finalizedCheckpoint;
    boolean mirrored = true;

    /** All states as they were: rows by table and id, at a checkpoint. */
    final TreeMap<Long, Map<String, Object>> states =
        new TreeMap<>(Map.of(0L, new TreeMap<String, Object>()));

    MemoryEpochBook(String lane) {
      this.lane = lane;
    }

    /** Opens an epoch: for a takeover or a rewind. */
    long open() {
      long number = ClickHouseFixture.this.epochs.incrementAndGet();
      epochs.replaceAll(known ->
          new EpochHistory.Epoch(
              known.number(),
              Math.min(known.end(), checkpoint),
              known.opened(),
              known.afterCommit(),
              known.mirrored()));
      Instant opened = Instant.ofEpochSecond(1_700_000_000 + number, 123_000);
      epochs.add(new EpochHistory.Epoch(number, checkpoint, opened, commit, mirrored));
      return number;
    }

    EpochHistory epochHistory() {
      return new EpochHistory(
          identity, epochs.getLast().number(), commit, checkpoint, finalizedCheckpoint, epochs);
    }

    void commit(MirrorGroup group) {
      commit++;
      reach(group.lastCheckpoint());
      if (!group.batches().getLast().changes().reversible()) {
        finalizedCheckpoint = checkpoint;
      }
    }

    private void reach(long now) {
      checkpoint = now;
      EpochHistory.Epoch last = epochs.removeLast();
      epochs.add(
          new EpochHistory.Epoch(
              last.number(), now, last.opened(), last.afterCommit(), last.mirrored()));
    }

    SortedMap<Long, Long> ends() {
      SortedMap<Long, Long> ends = new TreeMap<>();
      epochs.forEach(epoch -> ends.put(epoch.number(), epoch.end()));
      return ends;
    }

    EpochEnds said() {
      EpochHistory epochHistory = epochHistory();
      return new EpochEnds(
          epochHistory.epoch(),
          commit,
          epochs.stream()
              .map(epoch -> new EpochEnds.End(epoch.number(), epoch.end(), epoch.opened()))
              .toList(),
          finalizedCheckpoint);
    }

    <E> List<E> state(EntityType<E> type, long at) {
      Map<String, Object> rows = states.floorEntry(at).getValue();
      return rows.values().stream().filter(type.type()::isInstance).map(type.type()::cast).toList();
    }
  }

  MemoryEpochBook book(String lane) {
    return new MemoryEpochBook(lane);
  }

  /** A process that holds a lane. */
  final class Run {
    final MemoryEpochBook book;
    final LaneMirror lane;
    private final StagedStore staged;
    private long epoch;
    private long batches;
    private long branch;

    Run(MemoryEpochBook book) {
      this.book = book;
      this.lane = mirror.lane(book.lane);
      this.staged = new StagedStore(indexer.entities(), indexer::storage);
      this.epoch = book.open();
      staged.open(book.checkpoint, List.of());
    }

    Run follow() {
      lane.follow(book.epochHistory());
      lane.publish(book.said());
      return this;
    }

    /** Executes a batch of blocks, each given by its saves and deletions. */
    ExecutedBatch batch(boolean reversible, List<?>... blocks) {
      List<SourceEvent> events = new ArrayList<>();
      List<SourceBlock> all = new ArrayList<>();
      staged.begin(reversible);
      long number = staged.checkpoint();
      for (List<?> writes : blocks) {
        number++;
        SourceBlock block =
            new SourceBlock(number, hash(branch, number), hash(branch, number - 1), time(number));
        all.add(block);
        staged.nextBlock();
        Map<String, Object> state = new TreeMap<>(book.states.lastEntry().getValue());
        for (Object write : writes) {
          staged.nextEvent(events.size());
          events.add(new SourceEvent(block, events.size(), new Handler("Lab.write"), "payload"));
          write(write, state);
        }
        book.states.put(number, state);
      }
      Batch read =
          new Batch(events, all, all.getLast(), reversible ? -1 : Long.MAX_VALUE, List.of());
      return new ExecutedBatch(++batches, read, staged.freeze(), List.of());
    }

    private void write(Object write, Map<String, Object> state) {
      if (write instanceof Gone(EntityType<?> type, Object id)) {
        staged.delete(type, id);
        state.remove(key(type, id));
      } else {
        staged.save(write);
        indexer.entities().stream()
            .filter(type -> type.type().isInstance(write))
            .forEach(type -> state.put(key(type, idOf(type, write)), write));
      }
    }

    private static <E> Object idOf(EntityType<E> type, Object entity) {
      return type.id(type.type().cast(entity));
    }

    private static String key(EntityType<?> type, Object id) {
      return type.name() + " " + id;
    }

    MirrorGroup group(ExecutedBatch... executed) {
      return new MirrorGroup(epoch, List.of(executed));
    }

    /** Commits a batch in all three steps: insert, commit and publication. */
    MirrorGroup commit(boolean reversible, List<?>... blocks) {
      MirrorGroup group = group(batch(reversible, blocks));
      lane.insert(group);
      commit(group);
      lane.publish(said());
      return group;
    }

    void commit(MirrorGroup group) {
      book.commit(group);
      staged.committed(group.lastCheckpoint());
    }

    EpochEnds said() {
      EpochHistory.Epoch last = book.epochs.getLast();
      return new EpochEnds(
          epoch,
          book.commit,
          List.of(new EpochEnds.End(epoch, last.end(), last.opened())),
          book.finalizedCheckpoint);
    }

    /** Rewinds PostgreSQL to a checkpoint; the mirror does not know of it yet. */
    void rewind(long checkpoint) {
      book.checkpoint = checkpoint;
      book.states.tailMap(checkpoint, false).clear();
      epoch = book.open();
      branch++;
      staged.rewind(checkpoint);
    }

    void openEpoch(long checkpoint) {
      rewind(checkpoint);
      lane.publish(book.said());
    }
  }

  Run run(MemoryEpochBook book) {
    return new Run(book);
  }

  /** Inserts as the pipeline does, with retries; returns the number of attempts. */
  static int insertPatiently(Run run, MirrorGroup group) {
    return patiently(() -> run.lane.insert(group));
  }

  static int patiently(Runnable call) {
    for (int tries = 1; ; tries++) {
      try {
        call.run();
        return tries;
      } catch (MillraceException failed) {
        if (failed.remedy() != Remedy.RETRY || tries == 2000) {
          throw failed;
        }
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  static Instant time(long block) {
    return Instant.ofEpochSecond(1_000_000 + 12 * block);
  }

  static Bytes32 hash(long branch, long number) {
    byte[] bytes = new byte[Bytes32.LENGTH];
    for (int i = 0; i < 8; i++) {
      bytes[31 - i] = (byte) (number >>> (8 * i));
      bytes[15 - i] = (byte) (branch >>> (8 * i));
    }
    return Bytes32.of(bytes);
  }

  /** Returns the rows of a view or table as text. */
  List<String> query(String sql) {
    return TestClickHouse.query(settings, sql);
  }

  List<String> tokens() {
    return query("SELECT chain, id, ifNull(owner, 'NULL'), amount FROM token ORDER BY chain, id");
  }

  /** Returns the rows that verify would read. */
  <E> List<E> read(EntityType<E> type, MemoryEpochBook book, long checkpoint) {
    List<E> rows = new ArrayList<>();
    try (MirrorReader reader = ClickHouseMirror.reader(settings, indexer)) {
      reader.rows(type, book.lane, checkpoint, book.ends(), rows::add);
    }
    return rows;
  }

  @Override
  public void close() {
    mirror.close();
    TestClickHouse.execute(settings, "DROP DATABASE " + settings.database());
  }
}
