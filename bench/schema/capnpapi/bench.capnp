@0xd0f1c1a3b5e79214;

using Go = import "/go.capnp";
$Go.package("capnpapi");
$Go.import("github.com/netobj/netobj/bench/schema/capnpapi");

struct Item {
  id @0 :Int64;
  name @1 :Text;
  price @2 :Float64;
}

interface Thing {
  add @0 (a :Int64, b :Int64) -> (n :Int64);
}

interface Bench {
  add @0 (a :Int64, b :Int64) -> (n :Int64);
  echo @1 (item :Item) -> (item :Item);
  bytes @2 (data :Data) -> (length :Int64, words :UInt64);
  make @3 () -> (thing :Thing);
}
