package dev.millrace.staging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.QueryBuilder;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random writes, commits and evictions; after each, random reads. Every answer is compared with one
 * computed from a plain map by this test's own definition of equality and order.
 */
final class RandomReadsTest {
  enum Kind {
    ZEBRA,
    APE
  }

  @Entity
  record Item(
      @Id String name,
      @Id int part,
      String text,
      BigDecimal price,
      double ratio,
      Instant time,
      @Nullable Long level,
      Kind kind) {}

  private static final EntityType<Item> ITEM = EntityType.of(Item.class);
  private static final String[] TEXTS = {"", "a", "B", "é", "\uFFFD", "\uE000x", "😀", "a\\N\t"};
  private static final String[] PRICES = {"0", "-0.0", "1.5", "1.500", "10", "9.999", "1E+2"};
  private static final double[] RATIOS = {0.0, -0.0, 1.5, Double.NaN, Double.NEGATIVE_INFINITY};
  private static final Comparator<Item> BY_ID =
      Comparator.comparing(Item::name, RandomReadsTest::utf8).thenComparingInt(Item::part);

  @Test
  @Tag("B15")
  @DisplayName("B15 a read gives the same rows in the same order wherever they are")
  void read_isTheSameFromMemoryFromTheDatabaseAndFromBoth() {
    for (int seed = 0; seed < 300; seed++) {
      new Program(new Random(seed)).run(seed);
    }
  }

  private static Instant micros(Instant time) {
    long nanos = Duration.between(Instant.EPOCH, time).toNanos();
    return Instant.EPOCH.plusNanos(Math.floorDiv(nanos, 1_000L) * 1_000L);
  }

  private static long levelOrLast(Item item) {
    Long level = item.level();
    return level == null ? Long.MAX_VALUE : level;
  }

  /** Compares as PostgreSQL orders doubles, which have one zero in a table. */
  private static int ratio(Item item, double value) {
    return Double.compare(item.ratio(), value == 0 ? 0.0 : value);
  }

  private static int utf8(String left, String right) {
    return Arrays.compareUnsigned(
        left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
  }

  /** The run of one seed. */
  private static final class Program {
    private final Random random;
    private final Map<List<Object>, Item> model =
        new TreeMap<>(Comparator.comparing(List::toString));
    private final LoaderFixtures lab = new LoaderFixtures(new MapReads(), List.of(ITEM));

    private Program(Random random) {
      this.random = random;
    }

    private void run(int seed) {
      if (random.nextBoolean()) {
        lab.opened();
      }
      for (int step = 0; step < 60; step++) {
        int at = step;
        lab.batch(() -> {
          for (int i = random.nextInt(4); i > 0; i--) {
            write();
          }
          read("seed=%d step=%d".formatted(seed, at));
        });
        if (random.nextInt(3) == 0) {
          lab.commit();
        }
        if (random.nextInt(4) == 0) {
          lab.store.evict(random.nextInt(4_000));
        }
      }
    }

    private void write() {
      String name = TEXTS[random.nextInt(TEXTS.length)];
      int part = random.nextInt(3);
      if (random.nextInt(4) == 0) {
        lab.store.delete(ITEM, ITEM.id(name, part));
        model.remove(List.<Object>of(name, part));
        return;
      }
      Item item =
          new Item(
              name,
              part,
              TEXTS[random.nextInt(TEXTS.length)],
              price(),
              RATIOS[random.nextInt(RATIOS.length)],
              time(),
              random.nextInt(3) == 0 ? null : (long) random.nextInt(4),
              random.nextBoolean() ? Kind.ZEBRA : Kind.APE);
      lab.save(item);
      model.put(
          List.of(name, part),
          new Item(
              name,
              part,
              item.text(),
              item.price().setScale(18),
              item.ratio() == 0 ? 0.0 : item.ratio(),
              micros(item.time()),
              item.level(),
              item.kind()));
    }

    private BigDecimal price() {
      return new BigDecimal(PRICES[random.nextInt(PRICES.length)]);
    }

    private Instant time() {
      return Instant.ofEpochSecond(random.nextInt(3) - 1, random.nextInt(3) * 333_333_333L);
    }

    private void read(String where) {
      String name = TEXTS[random.nextInt(TEXTS.length)];
      int part = random.nextInt(3);
      assertThat(lab.find(ITEM, name, part))
          .as(where)
          .isEqualTo(Optional.ofNullable(model.get(List.<Object>of(name, part))));
      for (int i = 0; i < 2; i++) {
        query(where);
      }
    }

    /** Sends a random query to the loader and to the model. */
    private void query(String where) {
      QueryBuilder<Item> asked = lab.query(ITEM);
      Predicate<Item> matches = item -> true;
      Comparator<Item> order = BY_ID;
      StringBuilder text = new StringBuilder(where);
      for (int i = random.nextInt(3); i > 0; i--) {
        switch (random.nextInt(6)) {
          case 0 -> {
            String value = TEXTS[random.nextInt(TEXTS.length)];
            asked = asked.where(Item::text).atLeast(value);
            matches = matches.and(item -> utf8(item.text(), value) >= 0);
            text.append(" text>=").append(value);
          }
          case 1 -> {
            BigDecimal value = price();
            asked = asked.where(Item::price).is(value);
            matches = matches.and(item -> item.price().compareTo(value) == 0);
            text.append(" price=").append(value);
          }
          case 2 -> {
            double value = RATIOS[random.nextInt(RATIOS.length)];
            asked = asked.where(Item::ratio).in(value, 1.5);
            matches = matches.and(item -> ratio(item, value) == 0 || ratio(item, 1.5) == 0);
            text.append(" ratio in ").append(value);
          }
          case 3 -> {
            Instant value = time();
            Instant micros = micros(value);
            asked = asked.where(Item::time).below(value);
            matches = matches.and(item -> item.time().isBefore(micros));
            text.append(" time<").append(value);
          }
          case 4 -> {
            long value = random.nextInt(4);
            asked = asked.where(Item::level).above(value);
            matches =
                matches.and(item -> {
                  Long level = item.level();
                  return level != null && level > value;
                });
            text.append(" level>").append(value);
          }
          default -> {
            asked = asked.where(Item::kind).atMost(Kind.APE);
            matches = matches.and(item -> item.kind() == Kind.APE);
            text.append(" kind<=APE");
          }
        }
      }
      switch (random.nextInt(4)) {
        case 0 -> {
          asked = asked.orderBy(Item::level);
          order = Comparator.comparingLong(RandomReadsTest::levelOrLast).thenComparing(BY_ID);
          text.append(" by level");
        }
        case 1 -> {
          asked = asked.orderByDescending(Item::ratio).orderBy(Item::text);
          order =
              ((Comparator<Item>) (left, right) -> ratio(right, left.ratio()))
                  .thenComparing(Item::text, RandomReadsTest::utf8)
                  .thenComparing(BY_ID);
          text.append(" by ratio desc, text");
        }
        default -> {}
      }
      List<Item> expected = new ArrayList<>(model.values());
      expected.removeIf(matches.negate());
      expected.sort(order);
      if (random.nextInt(3) == 0) {
        int limit = 1 + random.nextInt(5);
        asked = asked.limit(limit);
        expected = expected.subList(0, Math.min(limit, expected.size()));
        text.append(" limit ").append(limit);
      }
      assertThat(asked.list()).as(text.toString()).isEqualTo(expected);
    }
  }
}
