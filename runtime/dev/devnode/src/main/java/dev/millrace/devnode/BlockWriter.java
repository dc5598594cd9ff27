package dev.millrace.devnode;

import static dev.millrace.devnode.JsonBytes.ascii;

import dev.millrace.devchain.BlockStory;
import dev.millrace.devchain.BlockTeller;
import dev.millrace.devchain.Branch;
import dev.millrace.devchain.DevChainHashes;
import dev.millrace.devchain.DevChainRandom;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.util.List;

/** Writes blocks, transactions and receipts as JSON. Confined to the thread of a connection. */
final class BlockWriter {
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
  private final JsonBytes out;
  private final BlockTeller teller;
  private final LogWriter logs;
  private final DevBloom bloom = new DevBloom();

  BlockWriter(DevChainSettings settings, long chainId, JsonBytes out) {
    this.settings = settings;
    this.chainId = chainId;
    this.out = out;
    this.teller = new BlockTeller(settings);
    this.logs = new LogWriter(out);
  }

  BlockTeller teller() {
    return teller;
  }

  LogWriter logs() {
    return logs;
  }

  List<DevTransaction> transactions(Branch branch, long number) {
    return DevTransaction.list(teller.story(), branch, number);
  }

  /** Writes a block with its transactions, whole or as hashes. */
  void block(Branch branch, long number, boolean whole) throws IOException {
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
  void header(Branch branch, long number) throws IOException {
    bloom.clear();
    long[] gas = {0};
    teller
        .story()
        .tell(
            branch,
            number,
            BlockStory.ALL,
            log -> {
              bloom.add(log);
              gas[0] += 30_000;
            });
    out.text("\"number\":").quantity(number);
    out.text(",\"hash\":").hash(teller.hash(branch, number));
    out.text(",\"parentHash\":").hash(teller.hash(branch, number - 1));
    out.text(",\"timestamp\":").quantity(teller.timestamp(branch, number));
    out.text(",\"logsBloom\":").data(bloom.bits(), 0, DevBloom.BYTES);
    out.text(",\"stateRoot\":").hash(root(branch, number, 60));
    out.text(",\"transactionsRoot\":").hash(root(branch, number, 61));
    out.text(",\"receiptsRoot\":").hash(root(branch, number, 62));
    out.text(",\"mixHash\":").hash(root(branch, number, 63));
    out.text(",\"gasUsed\":").quantity(gas[0]);
    out.text(",\"size\":").quantity(1_000 + gas[0] / 100);
    out.raw(HEADER_REST);
  }

  /** Returns a stand-in for the root of a tree: it differs wherever the real root would. */
  private Bytes32 root(Branch branch, long number, int kind) {
    DevChainRandom random = new DevChainRandom();
    random.at(settings.seed(), DevChainHashes.kind(branch.fork(number), kind), number);
    return random.word();
  }

  void transaction(Branch branch, long number, DevTransaction transaction) throws IOException {
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

  private void place(Branch branch, long number, DevTransaction transaction) throws IOException {
    out.text(",\"blockHash\":").hash(teller.hash(branch, number));
    out.text(",\"blockNumber\":").quantity(number);
    out.text(",\"transactionIndex\":").quantity(transaction.index());
  }

  void receipt(Branch branch, long number, DevTransaction transaction) throws IOException {
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
    logs.beginBlock(number, teller.hash(branch, number));
    bloom.clear();
    teller
        .story()
        .tell(
            branch,
            number,
            BlockStory.ALL,
            log -> {
              if (log.transaction == transaction.index()) {
                bloom.add(log);
                logs.accept(log);
              }
            });
    out.text("],\"logsBloom\":").data(bloom.bits(), 0, DevBloom.BYTES).text("}");
  }
}
