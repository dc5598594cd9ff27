package dev.millrace.simulation;

import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.ScriptedSource.ScriptedBlock;
import dev.millrace.testkit.ScriptedSource.ScriptedEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;

/**
 * Changes a simulated chain, one random step at a time: the chain grows, blocks become final,
 * blocks are replaced by more or fewer, and branches come back. Runs under the script's lock.
 */
final class SimulatedForks {
  private final ScriptedSource script;
  private final Random random;
  private final Function<Random, List<ScriptedEvent>> lines;
  private final List<List<ScriptedBlock>> branches = new ArrayList<>();

  SimulatedForks(
      ScriptedSource script, Random random, Function<Random, List<ScriptedEvent>> lines) {
    this.script = script;
    this.random = random;
    this.lines = lines;
  }

  void step() {
    switch (random.nextInt(6)) {
      case 0 -> grow();
      case 1 -> finalizeSome();
      case 2 -> comeBack();
      default -> fork();
    }
  }

  private void grow() {
    for (int i = random.nextInt(4); i >= 0; i--) {
      script.lines(lines.apply(random));
    }
  }

  private void finalizeSome() {
    int open = open();
    if (open > 1) {
      script.finalTo(script.finalBlock() + random.nextInt(open));
    }
  }

  /** Number of blocks that may still be replaced. */
  private int open() {
    return (int) Math.max(0, script.currentBlocks().size() - 1 - script.finalBlock());
  }

  private void fork() {
    int open = open();
    if (open == 0) {
      return;
    }
    int depth = 1 + random.nextInt(random.nextInt(4) == 0 ? open : Math.min(open, 4));
    List<ScriptedBlock> replaced = script.cut(script.currentBlocks().size() - depth);
    branches.add(replaced);
    // One branch in four is shorter than the blocks that it replaces, perhaps empty.
    int length = random.nextInt(4) == 0 ? random.nextInt(depth) : depth + random.nextInt(4);
    for (int i = 0; i < length; i++) {
      boolean same = i < depth && random.nextBoolean();
      script.lines(same ? replaced.get(i).lines() : lines.apply(random));
    }
  }

  /** Restores a replaced branch if it still fits. */
  private void comeBack() {
    List<ScriptedBlock> chain = script.currentBlocks();
    for (List<ScriptedBlock> branch : branches.reversed()) {
      int first = (int) branch.getFirst().block().number();
      boolean fits =
          first > script.finalBlock()
              && first < chain.size()
              && (first == 0
                  || Objects.equals(
                      chain.get(first - 1).block().hash(), branch.getFirst().block().parent()));
      if (fits && !branch.contains(chain.get(first))) {
        branches.add(chain.subList(first, chain.size()));
        script.paste(branch);
        return;
      }
    }
    fork();
  }
}
