package dev.millrace.devnode;

import static dev.millrace.devnode.JsonByteWriter.ascii;

import dev.millrace.devchain.BlockGenerator;
import dev.millrace.devchain.BlockLogGenerator;
import dev.millrace.devchain.DevChainBranch;
import dev.millrace.devchain.DevChainHashes;
import dev.millrace.devchain.DevChainRandom;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.util.List;

/** Writes blocks, transactions and receipts as JSON. Confined to the thread of a connection. */
final class BlockJsonWriter {
  private static final byte[] HEADER_REST =
      ascii(
          """
          ,"sha3Uncles":"0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"\
          ,"uncles":[],"withdrawals":[],"difficulty":"0x0","totalDifficulty":"0x0"\
          ,"nonce":"0x0000000000000000","extraData":"0x6d696c6c72616365"\
          ,"miner":"0x0000000000000000000000000000000000000000","gasLimit":"0x1c9c380"\
          ,"baseFeePerGas":"0x7\"\
          """);
  private static final long GAS_PRICE = 1_000_000_007L;

  private final DevChainSettings settings;
  private final long chainId;
  private final JsonByteWriter out;
  private final BlockGenerator generator;
  private final LogJsonWriter logs;
  private final DevLogsBloom bloom = new DevLogsBloom();

  BlockJsonWriter(DevChainSettings settings, long chainId, JsonByteWriter out) {
    this.settings = settings;
    this.chainId = chainId;
    this.out = out;
    this.generator = new BlockGenerator(settings);
    this.logs = new LogJsonWriter(out);
  }

  BlockGenerator generator() {
    return generator;
  }

  LogJsonWriter logs() {
    return logs;
  }

  List<DevTransaction> transactions(DevChainBranch branch, long number) {
    return DevTransaction.list(generator.logGenerator(), branch, number);
  }

  /** Writes a block with its transactions, whole or as hashes. */
  void block(DevChainBranch branch, long number, boolean whole) throws IOException {
    out.text("{");
    header(branch, number);
    out.text(",\"transactions\":[");
    String between = "";
    for (DevTransaction each : transactions(branch, number)) {
      out.text(between);
      between = ",";
      if (whole) {
        transaction(branch, number, each);
      } else {
        out.hash(each.hash());
      }
    }
    out.text("]}");
  }

  /** Writes the fields of a header, without braces. */
  void header(DevChainBranch branch, long number) throws IOException {
    bloom.clear();
    long[] gas = {0};
    generator
        .logGenerator()
        .generate(
            branch,
            number,
            BlockLogGenerator.ALL,
            log -> {
              bloom.add(log);
              gas[0] += 30_000;
            });
    out.text("\"number\":").quantity(number);
    out.text(",\"hash\":").hash(generator.hash(branch, number));
    out.text(",\"parentHash\":").hash(generator.hash(branch, number - 1));
    out.text(",\"timestamp\":").quantity(generator.timestamp(branch, number));
    out.text(",\"logsBloom\":").data(bloom.bits(), 0, DevLogsBloom.BYTES);
    out.text(",\"stateRoot\":").hash(root(branch, number, 60));
    out.text(",\"transactionsRoot\":").hash(root(branch, number, 61));
    out.text(",\"receiptsRoot\":").hash(root(branch, number, 62));
    out.text(",\"mixHash\":").hash(root(branch, number, 63));
    out.text(",\"gasUsed\":").quantity(gas[0]);
    out.text(",\"size\":").quantity(1_000 + gas[0] / 100);
    out.raw(HEADER_REST);
  }

  /** Returns a stand-in for the root of a tree: it differs wherever the real root would. */
  private Bytes32 root(DevChainBranch branch, long number, int kind) {
    DevChainRandom random = new DevChainRandom();
    random.at(settings.seed(), DevChainHashes.kind(branch.fork(number), kind), number);
    return random.word();
  }

  void transaction(DevChainBranch branch, long number, DevTransaction transaction)
      throws IOException {
    out.text("{\"hash\":").hash(transaction.hash());
    place(branch, number, transaction);
    out.text(",\"from\":").address(transaction.from(settings));
    out.text(",\"to\":").address(transaction.to());
    out.text(",\"value\":").quantity(transaction.value());
    out.text(",\"nonce\":").quantity(transaction.nonce());
    out.text(",\"gas\":").quantity(transaction.gas());
    out.text(",\"gasPrice\":").quantity(GAS_PRICE);
    out.text(",\"input\":").data(transaction.input().bytes(), 0, transaction.input().length());
    out.text(",\"type\":\"0x0\",\"chainId\":").quantity(chainId);
    out.text(",\"v\":").quantity(chainId * 2 + 35);
    out.text(",\"r\":").hash(transaction.hash());
    out.text(",\"s\":").hash(transaction.hash()).text("}");
  }

  private void place(DevChainBranch branch, long number, DevTransaction transaction)
      throws IOException {
    out.text(",\"blockHash\":").hash(generator.hash(branch, number));
    out.text(",\"blockNumber\":").quantity(number);
    out.text(",\"transactionIndex\":").quantity(transaction.index());
  }

  void receipt(DevChainBranch branch, long number, DevTransaction transaction) throws IOException {
    out.text("{\"transactionHash\":").hash(transaction.hash());
    place(branch, number, transaction);
    out.text(",\"from\":").address(transaction.from(settings));
    out.text(",\"to\":").address(transaction.to());
    out.text(",\"contractAddress\":null,\"status\":\"0x1\",\"type\":\"0x0\"");
    out.text(",\"gasUsed\":").quantity(transaction.gas());
    out.text(",\"cumulativeGasUsed\":").quantity(transaction.gas() * (transaction.index() + 1));
    out.text(",\"effectiveGasPrice\":").quantity(GAS_PRICE);
    out.text(",\"logs\":[");
    logs.beginList(false);
    logs.beginBlock(number, generator.hash(branch, number));
    bloom.clear();
    generator
        .logGenerator()
        .generate(
            branch,
            number,
            BlockLogGenerator.ALL,
            log -> {
              if (log.transaction == transaction.index()) {
                bloom.add(log);
                logs.accept(log);
              }
            });
    out.text("],\"logsBloom\":").data(bloom.bits(), 0, DevLogsBloom.BYTES).text("}");
  }
}
