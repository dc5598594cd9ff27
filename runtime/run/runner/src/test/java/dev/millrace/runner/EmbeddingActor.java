package dev.millrace.runner;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** A thread of an embedding program: calls the methods of runtimes in a random order. */
final class EmbeddingActor implements Runnable {
  private final int number;
  private final List<IndexerRuntime> runtimes;
  private final Random random;
  private final List<Thread> actors;
  private final Consumer<String> history;
  private final Consumer<String> wrong;

  EmbeddingActor(
      int number,
      List<IndexerRuntime> runtimes,
      long seed,
      List<Thread> actors,
      Consumer<String> history,
      Consumer<String> wrong) {
    this.number = number;
    this.runtimes = runtimes;
    this.random = new Random(seed);
    this.actors = actors;
    this.history = history;
    this.wrong = wrong;
  }

  @Override
  public void run() {
    for (int i = 1 + random.nextInt(6); i > 0; i--) {
      int which = random.nextInt(runtimes.size());
      IndexerRuntime runtime = runtimes.get(which);
      String action = "?";
      String outcome = "returned";
      try {
        action = act(runtime);
      } catch (IllegalStateException | InterruptedException refused) {
        outcome = refused.toString();
      } catch (MillraceException refused) {
        outcome = refused.remedy() + " " + refused.getMessage();
        if (refused.remedy() == Remedy.REPORT_BUG) {
          wrong.accept("a call has ended as a bug: " + outcome);
        }
      } catch (Throwable thrown) {
        outcome = thrown.toString();
        wrong.accept("a call has thrown: " + outcome);
      }
      history.accept("  actor %d runtime %d: %s %s".formatted(number, which, action, outcome));
    }
  }

  private String act(IndexerRuntime runtime) throws InterruptedException {
    return switch (random.nextInt(9)) {
      case 0, 1, 2 -> {
        runtime.start();
        yield "start";
      }
      case 3 -> {
        runtime.close();
        checkOver(runtime, "close");
        yield "close";
      }
      case 4 -> {
        runtime.await();
        checkOver(runtime, "await");
        yield "await";
      }
      case 5 -> {
        Thread.currentThread().interrupt();
        yield "interrupts itself";
      }
      case 6 -> {
        actors.get(random.nextInt(actors.size())).interrupt();
        yield "interrupts another";
      }
      case 7 -> {
        runtime.failure();
        runtime.isIncomplete();
        yield "failure";
      }
      default -> {
        runtime.status();
        yield "status";
      }
    };
  }

  /** Checks that a closed or ended runtime neither runs nor begins to run again. */
  private void checkOver(IndexerRuntime runtime, String after) {
    IndexerStatus status = runtime.status();
    boolean runs =
        status.lanes().stream().anyMatch(lane -> lane.state() == IndexerStatus.State.RUNNING)
            || (status.state() != IndexerStatus.State.DONE
                && status.state() != IndexerStatus.State.FAILED);
    if (runs) {
      wrong.accept("runs after %s: state=%s".formatted(after, status.state()));
    }
  }
}
