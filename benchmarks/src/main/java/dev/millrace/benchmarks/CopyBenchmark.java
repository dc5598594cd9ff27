package dev.millrace.benchmarks;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.postgres.client.CopyEncoding;
import dev.millrace.scenarios.Erc20.Account;
import dev.millrace.scenarios.Erc20.Transfer;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of a row before PostgreSQL sees it: from a record to the bytes of binary COPY, in a
 * reused buffer. Amounts have up to 72 bits, like tokens with 18 decimals.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseCompactObjectHeaders"})
public class CopyBenchmark {
  private static final int ROWS = 1000;
  private static final long CHAIN = 1;
  private static final BigInteger STEP = new BigInteger("123456789012345678901");

  private final List<Transfer> transfers = new ArrayList<>();
  private final List<Account> accounts = new ArrayList<>();
  private final CopyEncoding<Transfer> transferRows =
      new CopyEncoding<>(EntityType.of(Transfer.class), CHAIN);
  private final CopyEncoding<Account> accountRows =
      new CopyEncoding<>(EntityType.of(Account.class), CHAIN);

  public CopyBenchmark() {
    for (int i = 0; i < ROWS; i++) {
      Address from = BenchmarkAccounts.address(i);
      BigInteger value = STEP.multiply(BigInteger.valueOf(i));
      transfers.add(
          new Transfer(EventId.of(i, 7), i, 7, from, BenchmarkAccounts.address(i + ROWS), value));
      accounts.add(new Account(from, value.negate(), i));
    }
  }

  @Benchmark
  @OperationsPerInvocation(ROWS)
  public int transfer() {
    return transferRows.encode(transfers);
  }

  @Benchmark
  @OperationsPerInvocation(ROWS)
  public int account() {
    return accountRows.encode(accounts);
  }
}
