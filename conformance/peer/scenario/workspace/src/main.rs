fn main() {
    println!("ahoy");   
}
