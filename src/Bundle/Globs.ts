/**
 * Imports by a pattern, which the bundler answers from a list of files. Node adds extensions to the path of a `require`, and
 * rejects an import of a file that does not exist; the bundler's own code does neither.
 */

/** A program whose lists answer as Node does. All positions are the same. */
export const asInNode = (program: string): string => {
  const mended = program.replace(helper, (_: string, before: string, map: string, path: string, thrown: string) => {
    const call = `return ${find}(${map},${path})`
    return before + call.padEnd(thrown.length)
  })
  return mended === program ? program : `${mended}${findText}\n`
}

// internal

const find = "$deployersFind"

const helper =
  /(__glob\d*=([\w$]+)=>([\w$]+)=>\{var [\w$]+=\2\[\3\];if\([\w$]+\)return [\w$]+\(\);)(throw new Error\("Module not found in bundle: "\+\3\))/g

/** Hoisted, so that it can stand at the end. The functions of a list of imports return promises. */
const findText = `
function ${find}(map,path){
const known=["",".ts",".tsx",".mts",".cts",".js",".mjs",".cjs",".json","/index.ts","/index.js"].map(end=>path+end).find(name=>Object.hasOwn(map,name));
if(known!==undefined)return map[known]();
const isImport=Object.values(map).some(load=>/=>\\s*Promise\\b/.test(load));
const error=Object.assign(new Error("Cannot find module '"+path+"'"),{code:isImport?"ERR_MODULE_NOT_FOUND":"MODULE_NOT_FOUND"});
if(isImport)return Promise.reject(error);
throw error}`
