package dev.millrace.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Json;
import dev.millrace.loaders.Scale;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StoreComparisonTest {
  private enum Kind {
    ONE,
    TWO
  }

  @Entity
  record Account(@Id Address owner, @Id long token, BigInteger balance, long moves) {}

  @Entity
  record Wide(
      @Id long id,
      boolean flag,
      int small,
      double real,
      String text,
      @Nullable Instant time,
      BigInteger integer,
      @Scale(2) BigDecimal decimal,
      Bytes32 word,
      Bytes bytes,
      EventId event,
      Kind kind,
      Json json,
      List<String> texts) {}

  private static final EntityType<Account> ACCOUNT = EntityType.of(Account.class);
  private static final EntityType<Wide> WIDE = EntityType.of(Wide.class);

  private static Account account(int n, long balance) {
    byte[] owner = new byte[20];
    owner[18] = (byte) (n >>> 8);
    owner[19] = (byte) n;
    return new Account(Address.of(owner), n % 3, BigInteger.valueOf(balance), 1);
  }

  private static List<Account> accounts(int count) {
    return new ArrayList<>(IntStream.range(0, count).mapToObj(n -> account(n, n)).toList());
  }

  private static <E> StoreComparison.Result compare(
      EntityType<E> type, List<E> left, List<E> right) {
    return new StoreComparison<>(type, left::forEach, right::forEach).run();
  }

  @Test
  void sameRows_areEqualInAnyOrder() {
    List<Account> left = accounts(10_000);
    List<Account> right = accounts(10_000);
    Collections.shuffle(right, new Random(1));
    StoreComparison.Result result = compare(ACCOUNT, left, right);
    assertThat(result.postgres()).isEqualTo(result.clickhouse());
    assertThat(result.postgres().rows()).isEqualTo(10_000);
    assertThat(result.postgres().sums())
        .isEqualTo(new TreeMap<>(Map.of("token", "9999", "balance", "49995000", "moves", "10000")));
    assertThat(result.differences()).isEmpty();
  }

  @Test
  void differences_areNamedInTheOrderOfTheirIds() {
    List<Account> left = accounts(10_000);
    List<Account> right = accounts(10_000);
    right.set(700, account(700, 1));
    right.remove(300);
    right.add(account(20_000, 5));
    Collections.shuffle(right, new Random(2));
    StoreComparison.Result result = compare(ACCOUNT, left, right);
    assertThat(result.postgres()).isNotEqualTo(result.clickhouse());
    assertThat(result.differences())
        .containsExactly(
            new VerificationResult.Difference(
                "[0x000000000000000000000000000000000000012c, 0]",
                "balance=300 moves=1",
                "nothing"),
            new VerificationResult.Difference(
                "[0x00000000000000000000000000000000000002bc, 1]", "balance=700", "balance=1"),
            new VerificationResult.Difference(
                "[0x0000000000000000000000000000000000004e20, 2]", "nothing", "balance=5 moves=1"));
  }

  @Test
  void doubledRow_isADifference() {
    List<Account> right = accounts(10);
    right.add(account(4, 4));
    StoreComparison.Result result = compare(ACCOUNT, accounts(10), right);
    assertThat(result.clickhouse().rows()).isEqualTo(11);
    assertThat(result.differences())
        .containsExactly(
            new VerificationResult.Difference(
                "[0x0000000000000000000000000000000000000004, 1]", "nothing", "balance=4 moves=1"));
  }

  @Test
  void storeWithNothing_differsInAllThatIsNamed() {
    StoreComparison.Result result = compare(ACCOUNT, accounts(200_000), List.of());
    assertThat(result.differences()).hasSize(10);
    assertThat(result.found().isSample()).as("they are not the first of all").isTrue();

    assertThat(compare(ACCOUNT, accounts(40_000), List.of()).found().isSample()).isFalse();
  }

  @Test
  void sums_areExactBeyondALong() {
    Account rich =
        new Account(Address.ZERO, Long.MAX_VALUE, BigInteger.TWO.pow(255), Long.MAX_VALUE);
    Account poor = new Account(Address.ZERO, 2, BigInteger.ONE.negate(), Long.MAX_VALUE);
    assertThat(compare(ACCOUNT, List.of(rich, poor), List.of()).postgres().sums())
        .containsEntry("moves", "18446744073709551614")
        .containsEntry("balance", BigInteger.TWO.pow(255).subtract(BigInteger.ONE).toString());
  }

  private static Wide wide(long id, String text, @Nullable Instant time, List<String> texts) {
    return new Wide(
        id,
        true,
        -1,
        0.5,
        text,
        time,
        BigInteger.TEN,
        new BigDecimal("1.25"),
        Bytes32.ZERO,
        Bytes.of(new byte[] {1}),
        EventId.of(7, 1),
        Kind.TWO,
        Json.of("{\"a\":1}"),
        texts);
  }

  @Test
  void everyType_isCompared() {
    Wide plain = wide(1, "a", null, List.of("x", "y"));
    assertThat(
            compare(WIDE, List.of(plain), List.of(wide(1, "a", null, List.of("x", "y"))))
                .differences())
        .isEmpty();
    assertThat(
            compare(WIDE, List.of(plain), List.of(wide(1, "a", Instant.EPOCH, List.of("xy"))))
                .differences())
        .containsExactly(
            new VerificationResult.Difference(
                "1", "time=null texts=[x, y]", "time=1970-01-01T00:00:00Z texts=[xy]"));
  }
}
