package dev.millrace.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.staging.CommittedReads;
import dev.millrace.staging.NetTableChanges;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LaneTest {
  @Entity
  record Counter(@Id String name, long value) {}

  private static final EntityType<Counter> COUNTER = EntityType.of(Counter.class);

  private final Rows rows = new Rows();

  @Test
  void lane_commitsWhatASerialIndexerWouldHaveWritten() throws Exception {
    Lane lane = lane(3, 7);
    lane.start();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(rows.table).containsEntry("hot", new Counter("hot", 1000)).hasSize(101);
    assertThat(lane.status().committed().events()).isEqualTo(1000);
    lane.close();
  }

  @Test
  void lane_readsGroupedWhatItHasForgotten() throws Exception {
    for (int i = 0; i < 100; i++) {
      rows.table.put("c" + i, new Counter("c" + i, 0));
    }
    Lane lane = lane(1, 100);
    lane.start();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(rows.table).containsEntry("hot", new Counter("hot", 1000)).hasSize(101);
    assertThat(rows.queries)
        .isEqualTo(2); // first all ids but the last read of each event, then nothing is unknown
    lane.close();
  }

  @Test
  void lane_refusesAnIndexerThatMakesItsEntitiesAnewEachTime() {
    Indexer forgetful =
        new Indexer() {
          @Override
          public String name() {
            return "forgetful";
          }

          @Override
          public List<EntityType<?>> entities() {
            return List.of(EntityType.of(Counter.class));
          }

          @Override
          public SortedMap<String, String> sourceRequirements() {
            return new TreeMap<>();
          }
        };

    assertThatThrownBy(() -> lane(forgetful, 1, 1))
        .isInstanceOf(MillraceException.class)
        .hasMessage("indexer must name the same entities each time it is asked: name=forgetful");
  }

  private Lane lane(int depth, int batchEvents) {
    return lane(new Counting(), depth, batchEvents);
  }

  private Lane lane(Indexer indexer, int depth, int batchEvents) {
    return new Lane(
        "1",
        indexer,
        new Numbers(1000),
        rows,
        new LaneSettings(depth, batchEvents, 1 << 24, 1 << 20),
        Failpoint.NONE);
  }

  private record Counting() implements Indexer {
    @Override
    public String name() {
      return "counting";
    }

    @Override
    public List<EntityType<?>> entities() {
      return List.of(COUNTER);
    }

    @Override
    public SortedMap<String, String> sourceRequirements() {
      return new TreeMap<>();
    }
  }

  private static final class CountUp implements EventHandler {
    @Override
    public String name() {
      return "count";
    }

    @Override
    public void handle(SourceEvent event, Context context) {
      count(context, "c" + event.logIndex());
      count(context, "hot");
    }

    private static void count(Context context, String name) {
      long before = context.find(Counter.class, name).map(Counter::value).orElse(0L);
      context.save(new Counter(name, before + 1));
    }
  }

  @Test
  void lane_closesItsSourceOnceItHasEnded() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    Source source =
        new Source() {
          @Override
          public Feed open(ResumePoint standing) {
            return new Numbers(10).open(standing);
          }

          @Override
          public void close() {
            assertThat(rows.table).as("what is durable when the source is closed").hasSize(11);
            closed.countDown();
          }
        };
    Lane lane =
        new Lane("numbers", new Counting(), source, rows, LaneSettings.defaults(), Failpoint.NONE);
    lane.start();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(closed.getCount()).isZero();
  }

  private record Numbers(int events) implements Source {
    @Override
    public Feed open(ResumePoint resumePoint) {
      return new Feed() {
        private int next;

        @Override
        public @Nullable Batch next(int max) {
          if (next == events) {
            return null;
          }
          List<SourceEvent> batch = new ArrayList<>();
          SourceBlock block = new SourceBlock(0, Bytes32.ZERO, Bytes32.ZERO, Instant.EPOCH);
          while (next < events && batch.size() < max) {
            block = new SourceBlock(next, Bytes32.ZERO, Bytes32.ZERO, Instant.EPOCH);
            batch.add(new SourceEvent(block, next % 100, new CountUp(), "event"));
            next++;
          }
          return new Batch(batch, List.of(), block, Long.MAX_VALUE, List.of());
        }

        @Override
        public BlockRange extent() {
          return new BlockRange(
              OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(events));
        }

        @Override
        public String waitingFor() {
          return "";
        }

        @Override
        public void close() {}
      };
    }
  }

  /** A minimal store: a map that trusts its one writer. */
  private static final class Rows implements LaneStore, CommittedReads {
    private final Map<Object, Counter> table = new HashMap<>();
    private int queries;

    @Override
    public Source.ResumePoint resumePoint() {
      return Source.ResumePoint.START;
    }

    @Override
    public Frontier rewind(Source.@Nullable BlockRef to) {
      throw new AssertionError("this stream never turns back: to=" + to);
    }

    @Override
    public Frontier opened() {
      return new Frontier(1, 0, 0, null);
    }

    @Override
    public EpochHistory epochHistory() {
      return new EpochHistory(
          "one", 1, 0, 0, 0, List.of(new EpochHistory.Epoch(1, 0, Instant.EPOCH, 0, false)));
    }

    @Override
    public CommittedReads reads() {
      return this;
    }

    @Override
    public synchronized void commit(CommitGroup group) {
      NetTableChanges<Counter> net = NetTableChanges.of(COUNTER, group.changesOf(COUNTER));
      net.inserts().forEach(row -> assertThat(table.put(row.name(), row)).isNull());
      net.updates().forEach(row -> assertThat(table.put(row.name(), row)).isNotNull());
      net.upserts().forEach(row -> table.put(row.name(), row));
      net.deletes().forEach(table::remove);
    }

    @Override
    public Map<String, String> effects(String effect, Collection<String> inputs) {
      return Map.of();
    }

    @Override
    public void index(EntityType<?> type, Collection<String> columns) {}

    @Override
    public void buildDeferredIndexes() {}

    @Override
    public void close() {}

    @Override
    public synchronized <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
      queries++;
      return ids.stream()
          .map(id -> Optional.ofNullable(table.get(id)))
          .flatMap(Optional::stream)
          .map(type.type()::cast)
          .toList();
    }

    @Override
    public <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters) {
      throw new AssertionError("nothing here queries by field");
    }

    @Override
    public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
      throw new AssertionError("nothing here asks for pages");
    }

    @Override
    public synchronized boolean isEmpty(EntityType<?> type) {
      return table.isEmpty();
    }
  }
}
