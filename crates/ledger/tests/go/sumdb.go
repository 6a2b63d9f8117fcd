// Another implementation of notes, tiles and proofs: golang.org/x/mod/sumdb, which Go's checksum database runs on.
//
//	sumdb check DIR        checks a tree that we made
//	sumdb make DIR SIZE    makes a tree for us to check
//
// A folder holds `checkpoint` (a signed note of origin, size, root), `tile/…` (C2SP tlog-tiles), and `tree.json`: the key, leaf hashes with
// their inclusion proofs, and earlier roots with their consistency proofs. Tiles of sumdb name their height too: `tile/8/0/000` there
// is `tile/0/000` here.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type inclusion struct {
	Index  int64       `json:"index"`
	Leaf   tlog.Hash   `json:"leaf"`
	Hashes []tlog.Hash `json:"hashes"`
}

type consistency struct {
	Old    int64       `json:"old"`
	Root   tlog.Hash   `json:"root"`
	Hashes []tlog.Hash `json:"hashes"`
}

type tree struct {
	Key         string        `json:"key"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func path(dir string, tile tlog.Tile) string {
	return filepath.Join(dir, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
}

// tiles reads the tiles of a folder.
type tiles string

func (dir tiles) Height() int                         { return height }
func (dir tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (dir tiles) ReadTiles(wanted []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range wanted {
		read, err := os.ReadFile(path(string(dir), tile))
		if err != nil {
			return nil, err
		}
		data = append(data, read)
	}
	return data, nil
}

func same(ours, theirs []tlog.Hash) bool {
	if len(ours) != len(theirs) {
		return false
	}
	for i := range ours {
		if ours[i] != theirs[i] {
			return false
		}
	}
	return true
}

func check(dir string) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		must(err)
		return data
	}
	var given tree
	must(json.Unmarshal(read("tree.json"), &given))
	verifier, err := note.NewVerifier(given.Key)
	must(err)
	signed, err := note.Open(read("checkpoint"), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("not a checkpoint of %s: %q", verifier.Name(), signed.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)

	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles(dir))
	computed, err := tlog.TreeHash(size, hashes)
	must(err)
	if computed != root {
		log.Fatalf("the tiles have the root %v, and %v was signed", computed, root)
	}
	for _, one := range given.Inclusion {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, one.Index)})
		must(err)
		if leaf[0] != one.Leaf {
			log.Fatalf("leaf %d is another", one.Index)
		}
		must(tlog.CheckRecord(one.Hashes, size, root, one.Index, one.Leaf))
		proof, err := tlog.ProveRecord(size, one.Index, hashes)
		must(err)
		if !same(one.Hashes, proof) {
			log.Fatalf("the proof of leaf %d is another", one.Index)
		}
	}
	for _, one := range given.Consistency {
		must(tlog.CheckTree(one.Hashes, size, root, one.Old, one.Root))
		proof, err := tlog.ProveTree(size, one.Old, hashes)
		must(err)
		if !same(one.Hashes, proof) {
			log.Fatalf("the proof of the first %d is another", one.Old)
		}
	}
}

func make_(dir string, size int64) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	roots := map[int64]tlog.Hash{}
	var wanted []int64
	for part := int64(1); part <= 7; part++ {
		wanted = append(wanted, 1+(size-1)*part/7)
	}
	for n := int64(0); n < size; n++ {
		more, err := tlog.StoredHashes(n, record(n), reader)
		must(err)
		stored = append(stored, more...)
		for _, old := range wanted {
			if n+1 == old {
				roots[old], err = tlog.TreeHash(old, reader)
				must(err)
			}
		}
	}
	root, err := tlog.TreeHash(size, reader)
	must(err)

	for _, tile := range tlog.NewTiles(height, 0, size) {
		data, err := tlog.ReadTileData(tile, reader)
		must(err)
		must(os.MkdirAll(filepath.Dir(path(dir, tile)), 0o755))
		must(os.WriteFile(path(dir, tile), data, 0o644))
	}
	secret, key, err := note.GenerateKey(rand.Reader, "sumdb.example/tree")
	must(err)
	signer, err := note.NewSigner(secret)
	must(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	must(os.WriteFile(filepath.Join(dir, "checkpoint"), signed, 0o644))

	made := tree{Key: key}
	for _, old := range wanted {
		proof, err := tlog.ProveRecord(size, old-1, reader)
		must(err)
		made.Inclusion = append(made.Inclusion, inclusion{old - 1, tlog.RecordHash(record(old - 1)), proof})
		between, err := tlog.ProveTree(size, old, reader)
		must(err)
		made.Consistency = append(made.Consistency, consistency{old, roots[old], between})
	}
	var out bytes.Buffer
	must(json.NewEncoder(&out).Encode(made))
	must(os.WriteFile(filepath.Join(dir, "tree.json"), out.Bytes(), 0o644))
}

func record(n int64) []byte {
	return []byte(fmt.Sprintf("record %d\n", n))
}

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 3 && os.Args[1] == "check":
		check(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "make":
		size, err := strconv.ParseInt(os.Args[3], 10, 64)
		must(err)
		make_(os.Args[2], size)
	default:
		log.Fatal("sumdb check DIR | sumdb make DIR SIZE")
	}
}
